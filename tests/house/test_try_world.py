import time
from tests.builders.world import a_world
async def test_it(database):
    t=time.time()
    w = await a_world(database)
    print(time.time()-t, len(w.marks), {k:len(v) for k,v in w.ids.items()})
    print(w.marks)
