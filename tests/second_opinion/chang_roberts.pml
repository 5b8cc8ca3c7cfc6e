/* Chang & Roberts 1979, for three nodes with the numbers A, B, C (-DA=1 -DB=2 -DC=3), and channels of SPIN's own. */
#define number(i) (i == 0 -> A : (i == 1 -> B : C))

chan box[3] = [3] of { byte };
byte state[3];          /* 0 asleep, 1 candidate, 2 leader */
hidden byte heard;

active [3] proctype Node() {
end:
  do
  :: d_step { state[_pid] == 0 -> state[_pid] = 1; box[(_pid + 1) % 3]!number(_pid) }
  :: d_step { box[_pid]?heard ->
       if
       :: heard > number(_pid) -> box[(_pid + 1) % 3]!heard
       :: heard == number(_pid) -> state[_pid] = 2; assert(number(_pid) == 3)
       :: else
       fi
     }
  od
}
