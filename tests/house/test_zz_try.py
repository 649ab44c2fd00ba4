import time
from tests.house.test_wall import *
from tests.house.test_wall import walk_through
from tests.house.conftest import *
import re as _re
import pytest
@pytest.mark.timeout(560)
async def test_try(walker, copied):
    doors = asked_doors(walker)
    t=time.time()
    walk = await walk_through(walker, doors)
    n=len(walk.answers); print("\nWALK", n, time.time()-t)
    from collections import Counter
    print(Counter(a.status for a in walk.answers.values()))
    print("FAIL", by_lines(walk.failures))
    agg=defaultdict(set)
    for l in walk.leaks:
        m=_re.match(r"(\w+) reads (\w+) of (\S+) \(\S+\) at (\S+) \[(\d+)\]", l)
        path=[k[1] for k in walk.answers if k[2]==m[4]][0]
        agg[m[2],path].add(f"{m[1]}~{m[3]}")
    for k,v in sorted(agg.items()): print("LEAK",k,len(v),sorted(v)[:8])
    un=hidden_unlike_made_up(walk, doors, walker.world)
    for u in un[:30]: print("UNEQUAL",u[:400])
    print("unmet", Counter(m.kind for t,m in walker.world.marks.items() if m.kind not in NEVER_SHOWN and not walk.met.get(t,set())&entitled(m)))
    slow=Counter()
    t=time.time()
    n=0
    agg=defaultdict(set)
    ex={}
    async for l in differing_after_secrets_changed(walker, doors, walk, copied):
        m=_re.match(r"(\w+) notices (.*?) at (\S+) \((\S+)\): (.*)", l, _re.S)
        agg[m[2],m[4]].add(m[1]); ex[m[2],m[4]]=m[3]+" "+m[5]
        n+=1
        if n>400: break
    for k,v in sorted(agg.items()): print("CHANGED",k,sorted(v),ex[k][:400])
    print("time", time.time()-t)
