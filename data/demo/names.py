"""Fictional names in Chinese and English: places as loess country names them, and people."""

from collections.abc import Iterator

import numpy as np

TOWNSHIPS = (
    # code, name, name_en; index as in Settlement
    ("990101100000", "岚城镇", "Lancheng Town"),
    ("990101101000", "柳坪镇", "Liuping Town"),
    ("990101102000", "石堡镇", "Shibao Town"),
    ("990101103000", "赤岩镇", "Chiyan Town"),
    ("990101104000", "青峪镇", "Qingyu Town"),
    ("990101200000", "雁沟乡", "Yangou Township"),
    ("990101201000", "松岭乡", "Songling Township"),
    ("990101202000", "双河乡", "Shuanghe Township"),
    ("990101203000", "枣塬乡", "Zaoyuan Township"),
    ("990101204000", "白崖乡", "Baiya Township"),
)
COUNTY = ("990101000000", "岚溪县", "Lanxi Demo County")
RIVER = ("岚溪河", "Lanxi River")

_SURNAMES = {
    "张": "zhang", "王": "wang", "李": "li", "赵": "zhao", "刘": "liu", "陈": "chen", "杨": "yang", "郭": "guo",
    "马": "ma", "高": "gao", "贺": "he", "冯": "feng", "曹": "cao", "薛": "xue", "任": "ren", "白": "bai",
    "段": "duan", "侯": "hou", "郝": "hao", "闫": "yan", "史": "shi", "崔": "cui", "孟": "meng", "乔": "qiao",
    "武": "wu", "樊": "fan", "阎": "yan", "葛": "ge", "卫": "wei", "吉": "ji", "柴": "chai", "成": "cheng",
}  # fmt: skip
_GIVEN = {
    "建": "jian", "国": "guo", "志": "zhi", "强": "qiang", "海": "hai", "军": "jun", "红": "hong", "梅": "mei",
    "秀": "xiu", "英": "ying", "玉": "yu", "兰": "lan", "春": "chun", "生": "sheng", "福": "fu", "贵": "gui",
    "明": "ming", "亮": "liang", "文": "wen", "斌": "bin", "晓": "xiao", "东": "dong", "云": "yun", "峰": "feng",
    "永": "yong", "平": "ping", "艳": "yan", "丽": "li", "俊": "jun", "杰": "jie", "宏": "hong", "伟": "wei",
    "小": "xiao", "林": "lin", "世": "shi", "安": "an", "全": "quan", "喜": "xi", "彩": "cai", "霞": "xia",
}  # fmt: skip
_BEFORE = {
    "上": "shang", "下": "xia", "东": "dong", "西": "xi", "南": "nan", "北": "bei", "前": "qian", "后": "hou",
    "柳": "liu", "槐": "huai", "杏": "xing", "枣": "zao", "桑": "sang", "榆": "yu", "核桃": "hetao", "桃": "tao",
    "石": "shi", "土": "tu", "黑": "hei", "红": "hong", "黄": "huang", "青": "qing", "白": "bai", "龙": "long",
    "牛": "niu", "羊": "yang", "虎": "hu", "雁": "yan", "三": "san", "双": "shuang", "圪": "ge", "水": "shui",
}  # fmt: skip
_VALLEY = {
    "沟": "gou", "河": "he", "湾": "wan", "坪": "ping", "渠": "qu", "川": "chuan", "滩": "tan", "泉": "quan",
    "口": "kou", "庄": "zhuang", "峪": "yu", "村": "cun",
}  # fmt: skip
_UPLAND = {
    "塬": "yuan", "垣": "yuan", "岭": "ling", "峁": "mao", "坡": "po", "洼": "wa", "崖": "ya", "寨": "zhai",
    "堡": "bu", "头": "tou", "庄": "zhuang", "咀": "zui",
}  # fmt: skip


def phone(number: int) -> str:
    """Make a telephone number that cannot exist: no Chinese mobile number starts with 100."""
    return f"1000000{number:04d}"


def people(rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Names without end, (Chinese, English); two people may share one, as in life."""
    surnames, given = list(_SURNAMES), list(_GIVEN)
    while True:
        family = surnames[int(len(surnames) * rng.random() ** 1.6)]
        first, second = (given[int(i)] for i in rng.integers(len(given), size=2))
        own = (first, second) if rng.random() < 0.8 and first != second else (first,)
        spelt = "".join(_GIVEN[c] for c in own).capitalize()
        yield family + "".join(own), f"{_SURNAMES[family].capitalize()} {spelt}"


def villages(upland: list[bool], rng: np.random.Generator) -> list[tuple[str, str]]:
    """Name each village, none twice: (Chinese, English) without 村."""
    taken: set[str] = set()
    named: list[tuple[str, str]] = []
    while len(named) < len(upland):
        ends = _UPLAND if upland[len(named)] else _VALLEY
        ending = list(ends)[int(rng.integers(len(ends)))]
        if rng.random() < 0.55:
            family = list(_SURNAMES)[int(rng.integers(len(_SURNAMES)))]
            start, spelt = f"{family}家", f"{_SURNAMES[family]}jia"
        else:
            start = list(_BEFORE)[int(rng.integers(len(_BEFORE)))]
            spelt = _BEFORE[start]
        if (name := start + ending) not in taken and start != ending:
            taken.add(name)
            named.append((name, (spelt + ends[ending]).capitalize()))
    return named
