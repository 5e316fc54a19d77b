"""Words for every code: refusals, reasons, objectives, states and acts, in Chinese and English.

Everything below `web` speaks in codes with numbers; this is the one place where they become sentences. A sentence names its numbers
in braces; a number whose name ends in `_ms` is written as a duration. Words that a county may change (kinds of incidents,
capabilities, items …) stand in its policy files and are only looked up here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from data.locate import Location
from data.policies import Policy
from dispatch.cards import LAST_GRADE
from web import i18n
from web.i18n import Lang

Pair = tuple[str, str]  # Chinese, English

PROBLEMS: Final[Mapping[str, Pair]] = {
    # who and whence
    "not_signed_in": ("请先登录。", "Please sign in first."),
    "session_ended": ("登录已过期，请重新登录。", "Your session has ended; please sign in again."),
    "login_wrong": ("用户名或密码不正确。", "The name or the password is wrong."),
    "logins_busy": ("登录请求过多，请在 {wait_s} 秒后再试。", "Too many people are signing in; try again in {wait_s} seconds."),
    "too_many_logins": ("失败次数过多，请在 {wait_s} 秒后再试。", "Too many failed attempts; try again in {wait_s} seconds."),
    "not_allowed": ("您的角色没有这项权限。", "Your role does not hold this act."),
    "csrf_token_wrong": ("表单已失效，请刷新页面后再提交。", "The form is out of date; reload the page and send it again."),
    "origin_wrong": ("请求不是由本系统页面发出的，已拒绝。", "The request did not come from a page of this system and was refused."),
    "link_wrong": ("指令链接无效或已被新链接取代。", "This order link is not valid, or a newer one has replaced it."),
    # requests
    "fields_invalid": ("有内容未填写或格式不对：{fields}。", "Something is missing or cannot be read: {fields}."),
    "body_unreadable": ("无法读取提交的内容。", "What was sent cannot be read."),
    "no_such_address": ("没有这个页面。", "There is no such page."),
    "method_not_allowed": ("这个地址不接受该操作。", "This address does not take that act."),
    "http_error": ("请求未能完成。", "The request could not be completed."),
    # roads
    "no_road_network": ("尚未导入路网，无法计算方案。", "No road network was imported yet, so nothing can be planned."),
    # states
    "already_done": ("这一步已经完成。", "This step was already done."),
    "not_in_this_state": ("当前状态下不能执行这一步。", "This is not possible in the present state."),
    "before_previous_act": ("时间早于上一步，请检查时钟。", "The time lies before the step before it; check the clock."),
    "orders_open": ("仍有未完成的指令，不能办结。", "Orders are still open, so it cannot be closed."),
}

REASONS: Final[Mapping[str, Pair]] = {}

TIERS: Final[Mapping[str, Pair]] = {
    "unmet_critical": ("关键需求缺口", "Critical need unmet"),
    "unmet_other": ("其他需求缺口", "Other need unmet"),
    "time_critical": ("最后一项关键力量到位（加权毫秒）", "Last critical help in effect (weighted ms)"),
    "time_rest": ("全部力量到位（加权毫秒）", "All help in effect (weighted ms)"),
    "coverage": ("乡镇覆盖缺口", "Coverage missing in townships"),
    "orders": ("出动单元数", "Units sent"),
    "road": ("行车总时间（毫秒）", "Time on the road (ms)"),
    "tie_break": ("固定次序", "Fixed order"),
}

INCIDENT_STATES: Final[Mapping[str, Pair]] = {
    "open": ("处置中", "open"),
    "closed": ("已办结", "closed"),
    "cancelled": ("已撤销", "cancelled"),
}

# state of an order: words, mark and tone. The mark says without colour what the tone says with it.
ORDER_STATES: Final[Mapping[str, tuple[str, str, str, str]]] = {
    "sent": ("待接收", "awaiting answer", "○", "warn"),
    "acknowledged": ("已收到", "acknowledged", "✓", "good"),
    "departed": ("已出发", "on the way", "▶", "info"),
    "arrived": ("已到达", "arrived", "◆", "good"),
    "finished": ("已完成", "finished", "■", ""),
    "refused": ("无法执行", "cannot go", "✕", "bad"),
    "cancelled": ("已撤销", "cancelled", "✕", ""),
}
OVERDUE: Final[tuple[str, str, str, str]] = ("逾期未接收", "no answer in time", "!", "bad")

ORDER_ACTS: Final[Mapping[str, Pair]] = {
    "acknowledge": ("收到", "Acknowledge"),
    "depart": ("出发", "Depart"),
    "arrive": ("到达", "Arrive"),
    "finish": ("完成", "Finish"),
    "refuse": ("无法执行", "Cannot go"),
    "cancel": ("撤销指令", "Cancel the order"),
}

ORDER_ENDS: Final[Mapping[str, Pair]] = {
    "finished": ("任务已完成，辛苦了。", "The task is finished. Thank you."),
    "refused": ("已告知指挥部无法执行。", "Headquarters knows that you cannot go."),
    "cancelled": ("指令已撤销，无需出动。", "The order was cancelled; do not go."),
}

ROLES: Final[Mapping[str, Pair]] = {
    "viewer": ("查看员", "viewer"),
    "duty_officer": ("值班员", "duty officer"),
    "commander": ("指挥长", "commander"),
    "administrator": ("管理员", "administrator"),
    "team_link": ("队伍", "team"),
}

NUMERALS: Final = ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ")


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: words, a mark for those who see no colour, a tone for those who do."""

    text: str
    mark: str
    tone: str


def pick(pair: Pair, lang: Lang) -> str:
    """Take the words of one language."""
    return pair[0] if lang == "zh" else pair[1]


def fill(sentence: str, numbers: Mapping[str, Any], lang: Lang) -> str:
    """Put numbers into a sentence; a duration for each that ends in `_ms`. The sentence is ours, the numbers never are."""
    shown = {name: i18n.duration(value, lang) if name.endswith("_ms") else value for name, value in numbers.items()}
    return sentence.format_map(_Forgiving(shown))


class _Forgiving(dict[str, Any]):
    """Numbers of a sentence; one that the code did not give is shown as a dash instead of failing the page."""

    def __missing__(self, key: str) -> str:
        return "—"


@dataclass(frozen=True, slots=True)
class Words:
    """Every word that a page needs, in one language; the county's own ones come from its policy."""

    policy: Policy
    lang: Lang

    # -- fixed words

    def problem(self, code: str, details: Mapping[str, Any]) -> str:
        """Say why an act was not done."""
        return fill(pick(PROBLEMS[code], self.lang), details, self.lang)

    def tier(self, code: str) -> str:
        """Name an objective."""
        return pick(TIERS[code], self.lang)

    def incident_state(self, code: str) -> str:
        """Name a state of an incident."""
        return pick(INCIDENT_STATES[code], self.lang)

    def order_act(self, code: str) -> str:
        """Name what a team or the command post does with an order."""
        return pick(ORDER_ACTS[code], self.lang)

    def order_end(self, state: str) -> str:
        """Say that nothing more is asked of a team."""
        return pick(ORDER_ENDS[state], self.lang)

    def order_look(self, state: str, overdue: bool) -> Look:  # noqa: FBT001  # a template's call
        """Show the state of an order."""
        chinese, english, mark, tone = OVERDUE if overdue else ORDER_STATES[state]
        return Look(pick((chinese, english), self.lang), mark, tone)

    def role(self, code: str) -> str:
        """Name a role."""
        return pick(ROLES[code], self.lang)

    # -- the county's words

    def _of(self, words: Mapping[str, str]) -> str:
        return words[self.lang]

    def term(self, group: str, code: str) -> str:
        """Look up a code of the vocabulary; a code that the county has taken out since stands for itself."""
        term = self.policy.vocabulary.get(group, {}).get(code)
        return self._of(term.words) if term else code

    def layer(self, code: str) -> str:
        """Name a layer."""
        return self._of(self.policy.layers[code].words)

    def level(self, number: int) -> str:
        """Name a level of response."""
        return self._of(self.policy.levels[number].words)

    def level_numeral(self, number: int) -> str:
        """Write a level as a numeral, for narrow places."""
        return NUMERALS[number - 1]

    def incident_types(self) -> list[tuple[str, str]]:
        """List every kind of incident with its name, in the policy's order."""
        return [(code, self._of(kind.words)) for code, kind in self.policy.incident_types.items()]

    def incident_type(self, code: str) -> str:
        """Name a kind of incident."""
        kind = self.policy.incident_types.get(code)
        return self._of(kind.words) if kind else code

    def incident_title(self, incident: Any) -> str:
        """Name one incident: its kind, and its own name or number."""
        return f"{self.incident_type(incident.type)} {incident.name or f'#{incident.id}'}"

    def name(self, named: Any) -> str:
        """Take the name of anything that has one in two languages; its code where it has none."""
        english = getattr(named, "name_en", "") if self.lang == "en" else ""
        return english or named.name or named.code

    def asked_for(self, kind: str, code: str) -> str:
        """Name what a need asks for: a capability, a kind of vehicle, an item."""
        group = {"capability": "capabilities", "vehicle": "vehicle_kinds", "material": "items"}[kind]
        return self.term(group, code)

    def need(self, need: Any) -> str:
        """Name a need, with its grade and least strength where they bind."""
        text = self.asked_for(need.kind, need.code)
        if need.grade < LAST_GRADE:
            text += pick(("（{grade} 级及以上）", " (grade {grade} or better)"), self.lang).format(grade=need.grade)
        if need.min_strength > 1:
            text += pick(("，每队不少于 {heads} 人", ", teams of {heads} or more"), self.lang).format(heads=need.min_strength)
        return text

    def amount(self, kind: str, code: str, quantity: int) -> str:
        """Write a quantity with its unit: heads, vehicles, or the item's own unit."""
        if kind == "capability":
            return pick(("{n} 人", "{n} heads"), self.lang).format(n=quantity)
        if kind == "vehicle":
            return pick(("{n} 台", "{n}"), self.lang).format(n=quantity)
        item = self.policy.items.get(code)
        if item is None:
            return str(quantity)
        return pick(("{n} {unit}", "{n} × {unit}"), self.lang).format(n=quantity, unit=self._of(item.unit))

    def chain(self, location: Location) -> list[str]:
        """Name the chain of a position: its grids from the county down, or its areas where there are no grids."""
        return [self.name(link) for link in location.grids or location.areas]
