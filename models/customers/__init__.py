"""What each customer is worth: expected orders and margin with quantiles, and who is alive."""

from models.base import Model
from models.customers.baselines import LastYearMargin, ProcessValue, RecencyFrequencyTable
from models.customers.beta_geometric import BetaGeometric
from models.customers.customer_frame import ANSWER_COLUMNS, QUANTILES, quantile_name
from models.customers.gamma_gamma import GammaGamma
from models.customers.pareto_nbd import ParetoNbd
from models.customers.value_model import CustomerValueModel

MODELS: dict[str, type[Model]] = {
    "CustomerValueModel": CustomerValueModel,
    "LastYearMargin": LastYearMargin,
    "ProcessValue": ProcessValue,
    "RecencyFrequencyTable": RecencyFrequencyTable,
}

__all__ = [
    "ANSWER_COLUMNS",
    "MODELS",
    "QUANTILES",
    "BetaGeometric",
    "CustomerValueModel",
    "GammaGamma",
    "LastYearMargin",
    "ParetoNbd",
    "ProcessValue",
    "RecencyFrequencyTable",
    "quantile_name",
]
