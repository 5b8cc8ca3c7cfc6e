/* Dijkstra 1965: two producers, two consumers, K places, three semaphores. Compile with -DK=... */
#define P(s) d_step { s > 0 -> s-- }

byte places = K, filled, mutex = 1, items;

active [2] proctype Producer() {
  do
  :: P(places); P(mutex); d_step { items++; assert(items <= K); mutex++; filled++ }
  od
}

active [2] proctype Consumer() {
  do
  :: P(filled); P(mutex); d_step { assert(items > 0); items--; mutex++; places++ }
  od
}
