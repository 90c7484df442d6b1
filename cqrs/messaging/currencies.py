"""Currency codes of ISO 4217, as a field type that commands, events and queries share."""

from typing import Annotated

from pydantic import AfterValidator
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
MINOR_UNITS = {
    code: digits for digits, codes in {2: _TWO, **_OTHERS}.items() for code in codes.split()
}


def _is_currency(value: str) -> str:
    if value not in MINOR_UNITS:
        raise PydanticCustomError("currency", "Not an ISO 4217 currency code such as USD")
    return value


Currency = Annotated[str, AfterValidator(_is_currency)]
