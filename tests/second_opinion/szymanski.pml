/* Szymanski 1988, for three: flags 0 to 4, and SPIN's own counters. */
#define ALL(what) (what(0) && what(1) && what(2))
#define ANY(what) (what(0) || what(1) || what(2))
#define below_3(j) (flag[j] < 3)
#define is_1(j) (flag[j] == 1)
#define is_4(j) (flag[j] == 4)
#define first(j) (j >= _pid || flag[j] < 2)
#define last(j) (j <= _pid || flag[j] == 0 || flag[j] == 1 || flag[j] == 4)

byte flag[3];
byte inside;

active [3] proctype Process() {
end:
  do
  :: flag[_pid] = 1;
     d_step { ALL(below_3) -> flag[_pid] = 3 };
     if
     :: d_step { ANY(is_1) -> flag[_pid] = 2 };
        d_step { ANY(is_4) -> flag[_pid] = 4 }
     :: d_step { !ANY(is_1) -> flag[_pid] = 4 }
     fi;
     d_step { ALL(first) -> inside++; assert(inside == 1) };
     d_step { ALL(last) -> inside--; flag[_pid] = 0 }
  od
}
