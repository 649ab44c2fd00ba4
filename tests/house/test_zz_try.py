import sys, time, re as _re
from collections import Counter, defaultdict
import pytest
from tests.house.test_wall import *
from tests.house.test_wall import walk_through


@pytest.mark.timeout(560)
async def test_try(walker, copied):
    out = open("/tmp/w/house/out.txt", "w", buffering=1)
    doors = asked_doors(walker)
    t = time.process_time()
    walk = Walk()
    for d in doors:
        w = await walk_through(walker, [d])
        for l in w.leaks:
            print("LEAK", d.path, l, file=out)
        for l in w.failures:
            print("FAIL", d.path, l, file=out)
        walk.answers |= w.answers
        walk.asks_for_secrets |= w.asks_for_secrets
        for k, v in w.met.items():
            walk.met[k] |= v
    print("WALK", len(walk.answers), time.process_time() - t, len(walk.asks_for_secrets), file=out)
    for u in await hidden_unlike_made_up(walker, walk, doors):
        print("UNEQUAL", u[:400], file=out)
    for u in marks_that_proved_nothing(walk, walker.world):
        print("UNMET", u, file=out)
    n = 0
    async for l in differing_after_secrets_changed(walker, doors, walk, copied):
        print("CHANGED", l[:600], file=out)
        n += 1
        if n > 120:
            break
    print("DONE", time.process_time() - t, file=out)
