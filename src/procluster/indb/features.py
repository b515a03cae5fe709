"""The features of a customer, as data: the generator renders the feature query from them."""

from typing import NamedTuple


class Feature(NamedTuple):
    """One number that describes how a customer returns goods.

    Attributes
    ----------
    name : str
        Column of the feature table.
    expression : str
        T-SQL over two derived tables with one row per customer: `sale` and `refund`, both with
        tickets (int), items (int) and amount (float). The columns of `refund` are NULL for a
        customer who returned nothing.
    meaning : str
        The same in a few words.
    """

    name: str
    expression: str
    meaning: str


RATIO = "ROUND(COALESCE(CAST(refund.{0} AS float) / NULLIF(CAST(sale.{0} AS float), 0), 0), 7)"

FEATURES = (
    Feature("order_ratio", RATIO.format("tickets"), "returned orders / orders"),
    Feature("items_ratio", RATIO.format("items"), "returned items / items bought"),
    Feature("monetary_ratio", RATIO.format("amount"), "amount returned / amount paid"),
    Feature("frequency", "CAST(COALESCE(refund.tickets, 0) AS float)", "returned orders"),
)

FEATURE_NAMES = [feature.name for feature in FEATURES]
