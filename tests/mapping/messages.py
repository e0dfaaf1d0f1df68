"""Orders and reports as other systems write them, for comparing the package with the oracle.

The full messages value every field of the mapping, each with a text that is nowhere else, so that two fields that
changed places are seen. Codes are local ones of a hospital that does not exist.
"""

from __future__ import annotations

MSH_ORM = r"MSH|^~\&|HIS|WEST|RIS|NORTHGATE|20260302081500||ORM^O01|C1|P|2.3.1||||||UNICODE UTF-8"
MSH_OMI = r"MSH|^~\&|HIS|WEST|RIS|NORTHGATE|20260302081500||OMI^O23^OMI_O23|C1|P|2.5.1||||||UNICODE UTF-8"
MSH_ORU = r"MSH|^~\&|DICT|WEST|PACS|NORTHGATE|20260302101500||ORU^R01|C9|P|2.3.1||||||UNICODE UTF-8"

PID = (
    "PID|1||A-771^^^WEST^AN~M-4711^^^WEST&1.2.3.4&ISO^MR~X-9^^^EAST^PI||Beck&van&Beck^Ada^Rosa^III^Dr^MD^L||"
    "19791105143000|F|||12 Mill Road&Mill Road&12^Flat 3^Northgate^NG^40213^USA^H||||||||ACC-18^^^WEST^AN"
)
PV1 = "PV1|1|O|WARD 3^R12^B^WEST&1.2.3&ISO^^N^MAIN^2|||||D77^Okafor^Ngozi^A^Jr^Dr^PhD|||||||A1~B6||||V-2201^^^VISITS^VN"
AL1 = ("AL1|1|DA|70618^Penicillin^99NG", "AL1|2|FA|LATEX")
ORC = "ORC|NW|P-1^HIS|F-1^RIS||SC||1^^^20260302093000^^S||20260302081500|||D12^Placer^Paula"
OBR = (
    "OBR|1|P-1^HIS|F-1^RIS|MRB^MRI brain^99NG^T1AX^T1 axial^99NG2|||20260101000000|||||HEP^Hepatitis B^99NG|"
    "Pacemaker since 2019|||D11^Order^Olga^B^Sr^Prof|555-1|ACC-0001|RP-0001|SPS-0001|||ignored|MR|||"
    "1^^^20260401103000^^R|||WHLC|HEAD^Headache for weeks^99NG|||T9&Tech&Tina&C&II&Ms^20260302093000|||||||||"
    "|MRB2^MRI brain with protocol^99NG3"
)
NTE = ("NTE|1||Bring earlier images~and the referral", r"NTE|2||Interpreter needed:\.br\Spanish")
OBX = (
    "OBX|1|NM|29463-7^Body Weight^LN||154.5|[lb_av]|||||F",
    "NTE|1||This note speaks of the weight, not of the order",
    "OBX|2|NM|8302-2^Body Height^LN||66|[in_i]|||||F",
)
ZDS = "ZDS|1.2.3.4.5.99^HIS^Application^DICOM"
TQ1 = "TQ1|1||||||20260302101500||A"
IPC = "IPC|ACC-0002|RP-0002|1.2.3.4.5.98|SPS-0002|CT|CTP^CT chest low dose^99NG4|CT ROOM EAST|ROOM 7|EAST_CT7"

#: OBR of an OMI has another meaning in 18 to 20 and 24, which nothing may read.
OBR_OMI = OBR.replace("ACC-0001", "not-this").replace("RP-0001", "nor-this").replace("SPS-0001", "or-this")


def message(*segments: str) -> str:
    return "\r".join(segments) + "\r"


FULL_ORM = message(MSH_ORM, PID, PV1, *AL1, ORC, OBR, *NTE, *OBX, ZDS)
FULL_OMI = message(MSH_OMI, PID, PV1, *AL1, ORC, TQ1, OBR_OMI, *NTE, *OBX, IPC)


def with_field(text: str, place: str, value: str) -> str:
    """A message with field `SEG-n` of the first SEG set to `value`; fields that are missing before it are empty."""
    name, number = place.split("-")
    lines = text.rstrip("\r").split("\r")
    index = next(index for index, line in enumerate(lines) if line.startswith(name))
    fields = lines[index].split("|")
    at = int(number) - (name == "MSH")
    fields += [""] * (at + 1 - len(fields))
    fields[at] = value
    lines[index] = "|".join(fields)
    return message(*lines)


def without(text: str, *names: str) -> str:
    """A message without its segments of these names."""
    return message(*(line for line in text.rstrip("\r").split("\r") if line[:3] not in names))


#: What other systems send, by what is special about it: each is compared with the oracle, field by field.
ORDERS: dict[str, str] = {
    "full ORM": FULL_ORM,
    "full OMI": FULL_OMI,
    "OMI with three IPC": message(
        MSH_OMI, PID, PV1, ORC, TQ1, OBR_OMI, IPC,
        IPC.replace("SPS-0002", "SPS-0003").replace("CT ROOM EAST|ROOM 7|EAST_CT7", ""),
        IPC.replace("SPS-0002|CT|CTP^CT chest low dose^99NG4", "SPS-0004|MR|").replace("EAST_CT7", "M1~M2"),
    ),
    "two orders, one ZDS at the end": message(
        MSH_ORM, PID, PV1, ORC, OBR, *OBX, ORC, OBR.replace("SPS-0001", "SPS-0009").replace("OBR|1", "OBR|2"), ZDS
    ),
    "two orders, each with its ZDS": message(
        MSH_ORM, PID, ORC, OBR, ZDS, ORC.replace("P-1", "P-2"),
        OBR.replace("ACC-0001", "ACC-0005").replace("P-1", "P-2"), ZDS.replace("99", "97"),
    ),
    "no PV1, account number as admission": without(FULL_ORM, "PV1"),
    "PV1 without visit number": with_field(FULL_ORM, "PV1-19", ""),
    "a visit number without issuer does not borrow the account's": with_field(FULL_ORM, "PV1-19", "V-5"),
    "null visit number": with_field(FULL_ORM, "PV1-19", '""'),
    "null PV1-8": with_field(FULL_ORM, "PV1-8", '""'),
    "OBR-16 empty": with_field(FULL_ORM, "OBR-16", ""),
    "OBR-16 is an id only": with_field(FULL_ORM, "OBR-16", "D11"),
    "referring physician is an id only": with_field(FULL_ORM, "PV1-8", "D77"),
    "referring physician without id": with_field(FULL_ORM, "PV1-8", "^Okafor^Ngozi"),
    "two referring physicians": with_field(FULL_ORM, "PV1-8", "D1^Uno^Una~D2^Due^Dora"),
    "OBR-44 empty": with_field(FULL_ORM, "OBR-44", ""),
    "OBR-44 null": with_field(FULL_ORM, "OBR-44", '""'),
    "OBR-44 with words only": with_field(FULL_ORM, "OBR-44", "^Brain as agreed"),
    "OBR-44 with a code and no words": with_field(FULL_ORM, "OBR-44", "MRB2^^99NG3"),
    "OBR-4 without alternate code": with_field(FULL_ORM, "OBR-4", "MRB^MRI brain^99NG"),
    "OBR-4 with a code and no scheme": with_field(with_field(FULL_ORM, "OBR-4", "MRB^MRI brain"), "OBR-44", ""),
    "OBR-4 with an alternate without scheme": with_field(FULL_ORM, "OBR-4", "MRB^MRI brain^99NG^T1AX^T1 axial"),
    "a bare code": with_field(with_field(FULL_ORM, "OBR-4", "MRB"), "OBR-44", ""),
    "a bare code in OBR-44": with_field(with_field(FULL_ORM, "OBR-4", ""), "OBR-44", "MRB2"),
    "a bare code in IPC-6, and nothing else but one in OBR-44": with_field(
        with_field(with_field(FULL_OMI, "IPC-6", "CTP"), "OBR-4", ""), "OBR-44", "MRB2"
    ),
    "a long code": with_field(FULL_ORM, "OBR-44", "MRI-BRAIN-WITHOUT-CONTRAST-2^MRI brain^99NG"),
    "reason in words": with_field(FULL_ORM, "OBR-31", "^Fell from a horse"),
    "reason as bare text": with_field(FULL_ORM, "OBR-31", "Fell from a horse"),
    "danger code as bare code": with_field(FULL_ORM, "OBR-12", "HEP"),
    "two alerts": with_field(FULL_ORM, "OBR-13", "Pacemaker~Claustrophobia"),
    "a long alert": with_field(FULL_ORM, "OBR-13", "Cochlear implant on the left side since the spring of 2021, " * 3),
    "no start in ORC-7": with_field(FULL_ORM, "ORC-7", "1^^^^^S"),
    "no ORC-7 at all": with_field(FULL_ORM, "ORC-7", ""),
    "start to the minute": with_field(FULL_ORM, "ORC-7", "1^^^202603020930^^S"),
    "start to the hour": with_field(FULL_ORM, "ORC-7", "1^^^2026030209^^S"),
    "start with a fraction": with_field(FULL_ORM, "ORC-7", "1^^^20260302093015.25^^S"),
    "start with an offset": with_field(FULL_ORM, "ORC-7", "1^^^20260302093000+0100^^S"),
    "start with fraction and offset": with_field(FULL_ORM, "ORC-7", "1^^^20260302093000.5-0530^^S"),
    "OMI start with an offset": with_field(FULL_OMI, "TQ1-7", "202603021015+0100"),
    "an MRN that is not the first": with_field(FULL_ORM, "PID-3", "A^^^W^AN~B^^^W^VN~C^^^W^MR"),
    "identifiers without types": with_field(FULL_ORM, "PID-3", "M-1^^^WEST~M-2^^^EAST"),
    "one identifier, nothing else": with_field(FULL_ORM, "PID-3", "M-1"),
    "other identifier types": with_field(FULL_ORM, "PID-3", "M-1^^^WEST^XX~M-2^^^EAST^PI"),
    "suffix and prefix": with_field(FULL_ORM, "PID-5", "Adams^John^Robert^Jr^Rev"),
    "prefix only": with_field(FULL_ORM, "PID-5", "Adams^John^^^Rev"),
    "suffix only": with_field(FULL_ORM, "PID-5", "Adams^John^^Jr"),
    "degree only": with_field(FULL_ORM, "PID-5", "Adams^John^^^^MD"),
    "three writings": with_field(FULL_ORM, "PID-5", "Yamada^Tarou^^^^^L^A~山田^太郎^^^^^L^I~やまだ^たろう^^^^^L^P"),
    "two writings, the ideographic first": with_field(FULL_ORM, "PID-5", "洪^吉洞^^^^^L^I~Hong^Gildong^^^^^L^A"),
    "an alias does not become a writing": with_field(FULL_ORM, "PID-5", "Rivera^Elena^^^^^L~Gomez^Elena^^^^^M"),
    "a name with letters outside ASCII": with_field(FULL_ORM, "PID-5", "Müller-Łoś^Ñandú^Þór"),
    "escapes in a name": with_field(FULL_ORM, "PID-5", r"O\T\Hara^Mary"),
    "birth date to the day": with_field(FULL_ORM, "PID-7", "19791105"),
    "birth date to the month": with_field(FULL_ORM, "PID-7", "197911"),
    "birth date to the year": with_field(FULL_ORM, "PID-7", "1979"),
    "birth date null": with_field(FULL_ORM, "PID-7", '""'),
    "address without street": with_field(FULL_ORM, "PID-11", "^^Northgate^^40213"),
    "two addresses": with_field(FULL_ORM, "PID-11", "1 First St^^Northgate~2 Second St^^Southgate"),
    "a long address": with_field(FULL_ORM, "PID-11", "Long Street Name Number One Hundred and Two^Flat 33^Old Town"),
    "location: ward only": with_field(FULL_ORM, "PV1-3", "WARD 9"),
    "kilograms and metres": FULL_ORM.replace("154.5|[lb_av]", "70.1|kg").replace("66|[in_i]", "1.68|m"),
    "grams and centimetres": FULL_ORM.replace("154.5|[lb_av]", "3450|g").replace("66|[in_i]", "51.5|cm"),
    "pounds and inches in words": FULL_ORM.replace("[lb_av]", "lb").replace("[in_i]", "in"),
    "units in capitals": FULL_ORM.replace("154.5|[lb_av]", "70.1|KG").replace("66|[in_i]", "168|CM"),
    "no unit is no measure": FULL_ORM.replace("[lb_av]", "").replace("[in_i]", ""),
    "an unknown unit is no measure": FULL_ORM.replace("[lb_av]", "stone").replace("[in_i]", "hands"),
    "a weight in words": FULL_ORM.replace("154.5", "about 70"),
    "measures named in capitals": FULL_ORM.replace("29463-7^Body Weight", "^BODY WEIGHT").replace("8302-2", ""),
    "not pregnant as far as known": with_field(FULL_ORM, "PV1-15", "A0"),
    "pregnant": with_field(FULL_ORM, "PV1-15", "B6"),
    "ambulatory status empty": with_field(FULL_ORM, "PV1-15", ""),
    "no MSH-18": with_field(FULL_ORM, "MSH-18", ""),
    "LF in the comment": with_field(FULL_ORM, "NTE-3", r"one\.br\two\.br\\.br\four"),
    "IPC-6 empty": with_field(FULL_OMI, "IPC-6", ""),
    "IPC-7 to 9 empty": with_field(with_field(with_field(FULL_OMI, "IPC-7", ""), "IPC-8", ""), "IPC-9", ""),
    "IPC-1 with an issuer": with_field(FULL_OMI, "IPC-1", "ACC-3^WEST"),
    "technician with components": with_field(FULL_ORM, "OBR-34", "T9&Tech&Tina^20260302"),
    "every field that may be empty is empty": message(
        without(FULL_ORM, "PID", "PV1", "AL1", "ORC", "OBR", "NTE", "OBX", "ZDS").rstrip("\r"),
        "PID|1||M-1||Beck^Ada", "ORC|NW|P-1||||||||", "OBR|1|||MRB^MRI brain^99NG||||||||||||||ACC-1|||||MR"
        .replace("||||||||||||||ACC-1|||||MR", "||||||||||||||ACC-1|RP-1|SPS-1||||MR|||^^^20260302093000"),
    ),
}  # fmt: skip
ORDERS |= {f"priority {one}": with_field(FULL_ORM, "ORC-7", f"1^^^20260302093000^^{one}") for one in "SAPCRT"}
ORDERS |= {f"priority {one} in TQ1": with_field(FULL_OMI, "TQ1-9", f"{one}^words^99NG") for one in "SAPCRT"}
ORDERS["an unknown priority"] = with_field(FULL_ORM, "ORC-7", "1^^^20260302093000^^X")
ORDERS["no priority"] = with_field(FULL_ORM, "ORC-7", "1^^^20260302093000")
ORDERS |= {f"sex {one or 'empty'}": with_field(FULL_ORM, "PID-8", one) for one in ("M", "F", "O", "A", "N", "U", "")}
ORDERS |= {
    f"{place} empty": with_field(FULL_ORM, place, "")
    for place in (
        "PID-5", "PID-7", "PID-11", "PID-18", "PV1-3", "PV1-15", "ORC-2", "ORC-3", "ORC-12", "OBR-2", "OBR-3", "OBR-12",
        "OBR-13", "OBR-18", "OBR-19", "OBR-20", "OBR-27", "OBR-30", "OBR-31", "OBR-34", "NTE-3", "ZDS-1",
    )
}  # fmt: skip
ORDERS |= {
    f"{place} null": with_field(FULL_ORM, place, '""')
    for place in ("PID-11", "ORC-3", "OBR-12", "OBR-13", "OBR-16", "OBR-18", "OBR-30", "OBR-31", "OBR-34", "PV1-3")
}
