from typing import Any

doors: list[Any] = []
