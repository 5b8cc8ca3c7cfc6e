/* N orders share K units of stock: models/saga_orders.yaml, for SPIN. Compile with -DN=... and -DK=...
   Each order is a process without local variables; each of its steps is one transition, so that SPIN's states are ours.
   The end of a process would be a state of its own: an order that is settled waits for ever instead, where that is no
   deadlock (end:). */

#define idle 0
#define reserved 1
#define paid 2
#define shipped 3
#define refund_due 4
#define release_due 5
#define cancelled 6

byte order[N];
byte stock = K;

active [N] proctype Order() {
end:
  do
  :: d_step { order[_pid] == idle && stock >= 1 -> order[_pid] = reserved; stock-- }
  :: d_step { order[_pid] == idle -> order[_pid] = cancelled }
  :: d_step { order[_pid] == reserved -> order[_pid] = paid }
  :: d_step { order[_pid] == reserved -> order[_pid] = release_due }
  :: d_step { order[_pid] == paid -> order[_pid] = shipped }
  :: d_step { order[_pid] == paid -> order[_pid] = refund_due }
  :: d_step { order[_pid] == refund_due -> order[_pid] = release_due }
  :: d_step { order[_pid] == release_due -> order[_pid] = cancelled; stock++ }
  od
}
