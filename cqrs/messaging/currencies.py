"""Currency codes of ISO 4217, as a field type that commands, events and queries share."""

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

# Digits after the point, ISO 4217 list one, by https://www.iso.org/iso-4217-currency-codes.html.
# No metals, funds of banks or test codes. ANG and BGN were withdrawn lately, but stored amounts
# have them.
_TWO = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN"
    " BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP"
    " GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP"
    " LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR"
    " NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN"
    " SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR"
    " ZMW ZWG"
)
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
# Withdrawn codes of list three, with the digits that they had. Old orders have them.
_WITHDRAWN = {
    0: "ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE TPE TRL",
    2: "AFA ATS AZM BGL CSD CUC CYP DEM ECS EEK FIM FRF GHC HRK IEP LTL LVL MRO MTL MZM NLG PLZ"
    " ROL RUR SDD SIT SKK SLL SRG STD TMM VEB VEF YUM ZMK ZWD ZWL ZWN ZWR",
}


def _digits(codes: dict[int, str]) -> dict[str, int]:
    return {code: digits for digits, those in codes.items() for code in those.split()}


CURRENT = _digits({2: _TWO, **_OTHERS})
MINOR_UNITS = {**CURRENT, **_digits(_WITHDRAWN)}
"""The digits of every code, withdrawn ones included."""
CURRENCIES = (*sorted(CURRENT), *sorted(MINOR_UNITS.keys() - CURRENT.keys()))


def _in(codes: dict[str, int]) -> tuple[AfterValidator, WithJsonSchema]:
    def is_currency(value: str) -> str:
        if value not in codes:
            raise PydanticCustomError("currency", "Not an ISO 4217 currency code such as USD")
        return value

    return AfterValidator(is_currency), WithJsonSchema({"type": "string", "enum": sorted(codes)})


Currency = Annotated[str, *_in(CURRENT)]
"""A currency of today, for new amounts."""
AnyCurrency = Annotated[str, *_in(MINOR_UNITS)]
"""A withdrawn currency also: for imports, and for what they have left."""
