from tests.house.conftest import *
import traceback
from challenge import app as A
from tests.conftest import *
async def test_ops(walker, monkeypatch):
    old=A.as_problem
    def show(e):
        traceback.print_exception(e); return old(e)
    monkeypatch.setattr(A,"as_problem",show)
    print((await walker.request("administrator","GET","/desk/operations")).status)
