"""Splits a bill and says whether all of the money is there."""

from till import split

shares = split(1000, 3)
lost = 1000 - sum(shares)
print("1000 =", " + ".join(map(str, shares)), f"({lost} lost)" if lost else "")
