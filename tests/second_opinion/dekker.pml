/* Dekker, told by Dijkstra 1965. The counters are SPIN's own: idle, looking, standing back, critical. */
bool flag[2];
byte turn;
byte inside;

active [2] proctype Process() {
end:
  do
  :: flag[_pid] = true;
     do
     :: d_step { !flag[1 - _pid] -> inside++; assert(inside == 1) };
        d_step { inside--; turn = 1 - _pid; flag[_pid] = false };
        break
     :: d_step { flag[1 - _pid] && turn != _pid -> flag[_pid] = false };
        d_step { turn == _pid -> flag[_pid] = true }
     od
  od
}
