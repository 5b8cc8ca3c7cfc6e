/* Peterson 1981. The counters are SPIN's own: idle, raised, waiting, critical. Whose turn it is at first makes no
   difference: both are reached. */
bool flag[2];
byte turn;
byte inside;

active [2] proctype Process() {
end:
  do
  :: flag[_pid] = true;
     turn = 1 - _pid;
     d_step { (!flag[1 - _pid] || turn == _pid) -> inside++; assert(inside == 1) };
     d_step { inside--; flag[_pid] = false }
  od
}
