/* Dijkstra 1965: the left fork, the right fork, both down. SPIN finds the one deadlock. Compile with -DN=... */
bool taken[N];

active [N] proctype Philosopher() {
end:
  do
  :: d_step { !taken[_pid] -> taken[_pid] = true };
     d_step { !taken[(_pid + 1) % N] -> taken[(_pid + 1) % N] = true };
     d_step { taken[_pid] = false; taken[(_pid + 1) % N] = false }
  od
}
