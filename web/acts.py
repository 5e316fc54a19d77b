"""The journal in words: a sentence for each act, built from what its row keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from api.usecases import timeline, undoing
from api.usecases.foreseeing import Consequence
from api.usecases.orders import LINK
from api.usecases.taking_out import ALL as ALL_LAYERS
from data.journal import Entry
from web import names, wording
from web.i18n import N_
from web.names import Mentioned, Names
from web.view import View
from web.wording import Pair

SENTENCES: Final[Mapping[str, Pair]] = {
    "incident.report": ("接报 {what}", "Reported {what}"),
    "incident.edit": ("补充 {what} 的信息：{fields}", "Added to {what}: {fields}"),
    "incident.send_report": ("上报 {what}（{report}）", "Sent a report on {what} upwards ({report})"),
    "incident.change_level": (
        "{what} 的响应级别由 {from} 调整为 {to}",
        "Changed the level of {what} from {from} to {to}",
    ),
    "incident.escalate": ("{what} 转由上级指挥", "Escalated {what}"),
    "plan.prove": ("继续求证{what}", "Searched on for {what}"),
    "plan.replan": ("生成调整{what}（{about}）", "Proposed {what} anew for {about}"),
    "audit.export": ("导出审计记录", "Exported the audit"),
    "audit.verify": ("核验审计记录", "Verified the audit"),
    "atlas.print": ("制作图册（{sheets} 幅）", "Made an atlas of {sheets} sheets"),
    "county.export": ("导出全县数据", "Exported the county"),
    "county.import": ("导入全县数据", "Imported a county"),
    "aid.request": ("请求支援（{what}）", "Asked for help ({what})"),
    "aid.answer": ("答复支援请求（{what}）", "Answered a request for help ({what})"),
    "aid.end": ("结束支援（{what}）", "Ended help ({what})"),
    "terrain.import": ("导入地形", "Imported terrain"),
    "own.password": ("修改本人密码", "Changed the own password"),
    "own.end_session": ("结束本人的一次登录", "Ended a login of one's own"),
    "incident.close": ("办结 {what}", "Closed {what}"),
    "incident.cancel": ("撤销 {what}，收回 {count} 份指令", "Cancelled {what} and {count} order(s)"),
    "plan.propose": ("生成{what}（{about}）", "Proposed {what} for {about}"),
    "plan.confirm": (
        "下达{what}：{count} 份指令（{about}）",
        "Confirmed {what}: {count} order(s) for {about}",
    ),
    "plan.withdraw": (
        "撤回{what}：{count} 份指令（{about}）",
        "Withdrew {what}: {count} order(s) for {about}",
    ),
    "order.link": ("生成{what}的链接", "Made the link of {what}"),
    "order.unlink": ("作废{what}的链接", "Ended the link of {what}"),
    "order.acknowledge": ("{what}：收到", "{what}: acknowledged"),
    "order.depart": ("{what}：已出发", "{what}: departed"),
    "order.arrive": ("{what}：已到达", "{what}: arrived"),
    "order.finish": ("{what}：已完成", "{what}: finished"),
    "order.refuse": ("{what}：无法执行", "{what}: refused"),
    "order.cancel": ("撤销{what}", "Cancelled {what}"),
    "order.call_village": ("叫应{what}", "Called {what}"),
    "call.start": ("发起{what}：呼叫 {called} 人", "Started {what}: {called} person(s) called"),
    "call.answer": ("{what}：{person} 应答", "{what}: {person} answered"),
    "call.link": ("生成{what}中 {person} 的链接", "Made the link of {person} in {what}"),
    "call.escalate": (
        "{what}：有人超时未应答，续呼 {called} 人",
        "{what}: no answer in time, {called} more called",
    ),
    "call.end": ("结束{what}", "Ended {what}"),
    "closure.close": ("管制道路（{what}）", "Closed or slowed a road ({what})"),
    "closure.edit": ("修改道路管制（{what}）", "Changed a road closure ({what})"),
    "closure.open": ("解除道路管制（{what}）", "Opened a road ({what})"),
    "hazard.draw": ("划定危险区（{what}）", "Drew a danger area ({what})"),
    "hazard.edit": ("修改危险区（{what}）", "Changed a danger area ({what})"),
    "hazard.end": ("解除危险区（{what}）", "Ended a danger area ({what})"),
    "resource.edit": ("更新{what}的状态", "Reported how {what} stands"),
    "grid.edit": ("{what}：{kind}", "{what}: {kind}"),
    "grid.mend": ("修复网格的细小问题（{cells} 个网格）", "Mended hairline faults of {cells} grid(s)"),
    "grid.divide": ("重新划分 {area} 的网格（{cells} 个）", "Made the leaf grids of {area} anew ({cells})"),
    "grid.staff": ("{what}：{kind}（{role}）", "{what}: {kind} ({role})"),
    "grid.restore": ("恢复网格到修改前", "Brought grids back to what they were"),
    "message.send": ("发出消息 {what}", "Sent message {what}"),
    "message.acknowledge": ("确认消息 {what}", "Acknowledged message {what}"),
    "shift.hand_over": ("交接班：{giver} → {taker}", "Handed the shift over: {giver} → {taker}"),
    "tracker.create": ("登记定位终端 {what}", "Added the tracker {what}"),
    "tracker.revoke": ("停用定位终端 {what}", "Ended the tracker {what}"),
    "layer.import": ("导入图层“{layer}”", "Imported the layer “{layer}”"),
    "layer.export": ("导出图层“{layer}”", "Exported the layer “{layer}”"),
    "ledger.upload": ("上传台账“{file}”", "Sent in the ledger “{file}”"),
    "ledger.correct": ("更正台账（{what}）", "Corrected a ledger ({what})"),
    "ledger.map": ("保存台账的列对应（{what}）", "Saved the columns of a ledger ({what})"),
    "ledger.drop": ("放弃台账（{what}）", "Dropped a ledger ({what})"),
    "ledger.apply": (
        "写入台账“{file}”：新增 {new}，更改 {changed}，移除 {gone}",
        "Applied the ledger “{file}”: {new} new, {changed} changed, {gone} removed",
    ),
    "ledger.undo": ("撤回台账“{file}”，恢复 {rows} 行", "Undid the ledger “{file}”: {rows} rows"),
    "osm.import": ("导入路网", "Imported roads"),
    "demo.load": ("载入演示县", "Loaded the demonstration county"),
    "account.create": ("新建账号 {what}", "Added the account {what}"),
    "account.disable": ("停用账号 {what}", "Disabled the account {what}"),
    "account.enable": ("启用账号 {what}", "Enabled the account {what}"),
    "account.set_password": ("重置账号 {what} 的密码", "Set a new password for the account {what}"),
    "account.make_key": ("为账号 {what} 生成读取密钥", "Made a reading key for the account {what}"),
}
OTHER: Final[Pair] = ("{act}（{what}）", "{act} ({what})")
UNDONE: Final[Pair] = ("撤回第 {undoes} 条：", "Took back no. {undoes}: ")
REASON: Final[Pair] = ("；原因：{reason}", "; reason: {reason}")

GRID_KINDS: Final[Mapping[str, Pair]] = {
    "split": ("拆分", "split"),
    "merge": ("合并", "merged"),
    "border": ("调整界线", "border moved"),
    "rename": ("改名或编号", "renamed"),
    "assign": ("指定责任人", "person assigned"),
    "end": ("责任终止", "duty ended"),
}
"""What was done to grids."""

SUBJECTS: Final[Mapping[str, Pair]] = {
    "plan": ("方案 {id}", "plan {id}"),
    "order": ("指令 {id}", "order {id}"),
    "call": ("叫应 {id}", "call {id}"),
    "incident": ("险情 {id}", "incident {id}"),
    "lot": ("库存 {id}", "stock lot {id}"),
    "place": ("场所 {id}", "place {id}"),
}

KINDS: Final[Mapping[str, Pair]] = {
    "incident": ("险情", "Incidents"),
    "plan": ("方案", "Plans"),
    "order": ("指令", "Orders"),
    "call": ("叫应", "Calls"),
    "closure": ("道路管制", "Closed roads"),
    "hazard": ("危险区", "Danger areas"),
    "resource": ("资源状态", "Resources"),
    "grid": ("责任网格", "Grids"),
    "aid": ("支援", "Mutual aid"),
    "message": ("消息", "Messages"),
    "shift": ("交接班", "Shifts"),
    "account": ("账号", "Accounts"),
    "layer": ("数据导入导出", "Imports and exports"),
    "ledger": ("台账", "Ledgers"),
}


# What an act will do, in one sentence, before it is done.
CONSEQUENCES: Final[Mapping[str, Pair]] = {
    "incident.close": (
        "{title}将办结：不再需要力量，不再提示时限。",
        "{title} will be closed: it asks for no more help, and its clocks stop.",
    ),
    "incident.cancel": (
        "{title}将撤销：{orders} 份未完成的指令随之撤销（其中 {under_way} 份已在途），{pieces} 件物资退回 {depots} 座储备库。",
        "{title} will be cancelled: {orders} open order(s) end with it ({under_way} under way), and {pieces} piece(s) go back to {depots} depot(s).",
    ),
    "order.cancel": (
        "{title}将撤销：请先通知该力量停止行动。",
        "{title} will be cancelled: tell the unit to stop.",
    ),
    "plan.withdraw": (
        "方案 {id} 将撤回：{orders} 份指令撤销。",
        "Plan {id} will be withdrawn: {orders} order(s) are cancelled.",
    ),
    "closure.open": (
        "道路管制 {id}（{reason}）将解除：之后的方案会使用这段路。",
        "Closure {id} ({reason}) will end: plans from now on use this road.",
    ),
    "hazard.end": (
        "危险区 {id}（{reason}）将解除：之后的方案可以进入这片区域。",
        "Danger area {id} ({reason}) will end: plans from now on may go there.",
    ),
    "order.unlink": (
        "{title}的链接（有效至 {until}）将作废：手机上再也打不开，不能再报告进展、位置和消息。",
        "The link of {title}, valid until {until}, will end: it opens on no telephone, and reports no steps, place or words any more.",
    ),
    "call.end": (
        "叫应 {id} 将结束：已应答 {answered} 人，还有 {unanswered} 人未应答，不再续呼；此后的应答不再计入。",
        "Call {id} will end: {answered} have answered, {unanswered} have not; nobody else is called, and later answers do not count.",
    ),
    "aid.end": (
        "为{title}向{area}请求的支援将结束。",
        "The help that {area} was asked for {title} will end.",
    ),
    "tracker.revoke": (
        "定位终端“{name}”的密钥将作废，无法恢复：{unit}的位置（最近一次 {seen}）不再由它更新。",
        "The key of the tracker “{name}” will end for good: it no longer reports where {unit} is (last seen {seen}).",
    ),
    "account.disable": (
        "账号 {who}（{role}，{area}）将停用：{logins} 处登录立即退出，{keys} 个读取密钥失效。",
        "The account {who} ({role}, {area}) will be shut out: {logins} login(s) end at once, and {keys} reading key(s).",
    ),
}
TITLES: Final[Mapping[str, Pair]] = {
    "incident.close": ("办结险情", "Close the incident"),
    "incident.cancel": ("撤销险情", "Cancel the incident"),
    "order.cancel": ("撤销指令", "Cancel the order"),
    "plan.withdraw": ("撤回方案", "Withdraw the plan"),
    "closure.open": ("解除道路管制", "Open the road"),
    "hazard.end": ("解除危险区", "End the danger area"),
    "order.unlink": ("作废链接", "End the link"),
    "call.end": ("结束叫应", "End the call"),
    "aid.end": ("结束支援", "End the help"),
    "tracker.revoke": ("停用定位终端", "End the tracker"),
    "account.disable": ("停用账号", "Shut the account out"),
}
# What else is to be known first.
NOTES: Final[Mapping[str, Pair]] = {
    "goods_go_back": (
        "{pieces} 件物资退回 {depots} 座储备库。",
        "{pieces} piece(s) go back to {depots} depot(s).",
    ),
    "still_open": (
        "还有 {orders} 份指令未完成，现在不能办结。",
        "{orders} order(s) are still open, so it cannot be closed now.",
    ),
    "link_needed": (
        "指令“{state}”，仍在执行：之后请重新生成链接发送，或用电话联系。",
        "The order is still running ({state}): afterwards make a new link and send it, or call by telephone.",
    ),
    "link_not_needed": ("指令“{state}”，不再需要链接。", "The order is over ({state}) and needs no link."),
    "link_gone": ("它没有有效的链接。", "It has no valid link."),
    "aid_withdrawn": ("{area}还没有答复，不必再答复。", "{area} has not answered yet and need not."),
    "aid_returns": (
        "借来的 {teams} 支队伍、{depots} 座储备库归还，之后的方案不再使用。",
        "{teams} team(s) and {depots} depot(s) go back, and plans from now on do without them.",
    ),
    "aid_busy": (
        "借来的力量还有 {busy} 份指令未完成，现在不能结束。",
        "{busy} order(s) of what was lent are still open, so it cannot end now.",
    ),
    "call_over": ("它已经结束。", "It has ended already."),
    "aid_over": ("它已经结束。", "It is over already."),
    "tracker_needed": (
        "{unit}正在执行 {orders} 份指令，此后到达时间只按计划估算。",
        "{unit} has {orders} open order(s), whose arrival is then known from the plan alone.",
    ),
    "tracker_not_needed": ("{unit}目前没有未完成的指令。", "{unit} has no open order."),
    "tracker_ended": ("它已经停用。", "It has ended already."),
    "account_others": (
        "{area}另有 {others} 个可用的{role}账号。",
        "{area} has {others} other account(s) of this role.",
    ),
    "account_alone": ("{area}没有其他可用的{role}账号。", "{area} has no other account of this role."),
    "account_last": (
        "这是最后一个管理全部数据的管理员账号，不能停用。",
        "It is the last administrator of the whole installation and cannot be shut out.",
    ),
    "account_own": ("这是你自己的账号。", "It is your own account."),
    "account_out": ("它已经停用。", "It is shut out already."),
}
WILL_UNDO: Final[Pair] = ("将撤回第 {number} 条“{text}”。", "No. {number}, “{text}”, will be taken back.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One row of the journal as a page shows it."""

    number: int
    at: datetime
    who: str
    kind: str
    text: str
    incident: int | None
    may_undo: bool


def tell(view: View, found: timeline.Page) -> list[Told]:
    """Put every row into words."""
    known = names.read(view, _mentioned(found))
    return [_told(view, entry, found, known) for entry in found.entries]


def consequence(view: View, seen: Consequence) -> str:
    """Say in one sentence what an act will do."""
    title = view.words.incident_title(seen.incident) if seen.incident else ""
    if seen.order is not None:
        known = names.read(view, Mentioned().orders([seen.order]))
        numbered = wording.fill(wording.pick(SUBJECTS["order"], view.lang), {"id": seen.id}, view.lang)
        title = (
            f"{numbered}（{known.order(seen.order)}）"
            if view.lang == "zh"
            else f"{numbered} ({known.order(seen.order)})"
        )
    numbers = {"id": seen.id, **seen.numbers, **_in_words(view, seen), "title": title}
    sentences = [CONSEQUENCES[seen.act], *(NOTES[note] for note in seen.notes)]
    told = [wording.fill(wording.pick(one, view.lang), numbers, view.lang) for one in sentences]
    return ("" if view.lang == "zh" else " ").join(told)


def _in_words(view: View, seen: Consequence) -> dict[str, str]:
    """Put what is no number into words: states, roles, moments, names."""
    words, given = view.words, seen.numbers
    told = {"area": words.name(seen.area) if seen.area else view.gettext("everything")}
    if seen.unit is not None:
        told["unit"] = names.read(view, Mentioned().unit(*seen.unit)).unit(*seen.unit)
    if "state" in given:
        told["state"] = words.order_look(given["state"], overdue=False).text
    if "role" in given:
        told["role"] = words.role(given["role"])
        told["who"] = f"{given['name']} {given['shown']}".strip()
    for moment in ("until", "seen"):
        if moment in given:
            told[moment] = view.moment(given[moment]) or "—"
    return told


def just_done(view: View) -> Told | None:
    """Tell what the reader has just done, if it can be taken back: the address carries its request's number."""
    try:
        request_id = UUID(view.request.query_params.get("done", ""))
    except ValueError:
        return None
    entry = undoing.just_done(view.context, request_id)
    if entry is None:
        return None
    told = [
        one
        for one in tell(view, timeline.page(view.context, before=entry.number + 1, limit=1))
        if one.number == entry.number
    ]
    return told[0] if told else None


def sentence(view: View, entry: Entry) -> str:
    """Put one row into words."""
    found = timeline.page(view.context, before=entry.number + 1, limit=1)
    told = tell(view, found)
    return told[0].text if told and told[0].number == entry.number else ""


def _mentioned(found: timeline.Page) -> Mentioned:
    mentioned = Mentioned().orders(found.orders.values())
    for entry in found.entries:
        if entry.subject_id is not None:
            {"team": mentioned.teams, "vehicle": mentioned.vehicles, "depot": mentioned.depots}.get(
                entry.subject, set()
            ).add(entry.subject_id)
    return mentioned


def _told(view: View, entry: Entry, found: timeline.Page, known: Names) -> Told:
    kind = entry.act.partition(".")[0]
    order = found.orders.get(entry.subject_id or 0) if entry.subject == "order" else None
    its = entry.subject_id if entry.subject == "incident" else entry.payload.get("incident")
    undo_link = kind not in {"message", "shift", "order"} and view.context.actor.role != "viewer"
    return Told(
        number=entry.number,
        at=entry.at,
        who=_who(view, entry.actor, found, known),
        kind=kind,
        text=_text(view, entry, found, known),
        incident=order.incident_id if order else its,
        may_undo=undo_link and _could_undo(view, entry),
    )


def _who(view: View, actor: str, found: timeline.Page, known: Names) -> str:
    """Name whoever acted; who acted on an order's link by the order's unit."""
    number = actor.removeprefix(LINK)
    if number == actor:
        return actor
    order = found.orders.get(int(number))
    if order is not None:
        return known.order(order)
    return wording.fill(wording.pick(SUBJECTS["order"], view.lang), {"id": number}, view.lang)


def _could_undo(view: View, entry: Entry) -> bool:
    inverse = timeline.inverse_of(entry)
    return inverse is not None and view.context.actor.may(inverse)


def _text(view: View, entry: Entry, found: timeline.Page, known: Names) -> str:
    lang, payload = view.lang, entry.payload
    values: dict[str, Any] = {
        "act": entry.act,
        "what": _subject(view, entry, found, known),
        "count": len(payload.get("orders") or ()),
        "about": _joined(view, [_incident(view, found, one) for one in payload.get("incidents") or ()]),
        "fields": _joined(view, [_field(view, one) for one in payload.get("changes") or ()]),
        "report": view.words.report(payload["report"]) if payload.get("report") else "",
        "from": payload.get("from", ""),
        "to": payload.get("to", ""),
        "layer": _layer(view, payload.get("layer")),
        "called": payload.get("called", 0),
        "person": payload.get("person", ""),
        "giver": payload.get("handed_over_by", ""),
        "taker": payload.get("taken_over_by", ""),
        "area": payload.get("area", ""),
        "cells": int(payload.get("changed") or 0) + int(payload.get("gone") or 0),
    }
    if entry.subject == "grid":
        kind = str(payload.get("kind", ""))
        values |= {
            "kind": wording.pick(GRID_KINDS[kind], lang) if kind in GRID_KINDS else "",
            "role": view.words.term("duty_roles", str(payload.get("role", ""))),
        }
    if entry.act == "incident.change_level":
        values |= {key: view.words.level(int(payload[key])) for key in ("from", "to")}
    text = wording.fill(wording.pick(SENTENCES.get(entry.act, OTHER), lang), values, lang)
    if payload.get("undoes"):
        text = wording.fill(wording.pick(UNDONE, lang), payload, lang) + text
    if payload.get("reason") and entry.subject not in {"closure", "hazard", "aid"}:
        text += wording.fill(wording.pick(REASON, lang), payload, lang)
    return text


def _subject(view: View, entry: Entry, found: timeline.Page, known: Names) -> str:
    number, payload = entry.subject_id, entry.payload
    if number is None:
        return ""
    if entry.subject == "incident":
        return _incident(view, found, number)
    if entry.subject in {"team", "vehicle", "depot"}:
        return known.unit(entry.subject, number)
    if entry.subject == "message":
        about = [_incident(view, found, payload["incident"])] if payload.get("incident") else []
        if payload.get("order") in found.orders:
            about.insert(0, known.order(found.orders[payload["order"]]))
        pair = ("#{id}（{about}）", "#{id} ({about})") if about else ("#{id}", "#{id}")
        return wording.fill(
            wording.pick(pair, view.lang), {"id": number, "about": _joined(view, about)}, view.lang
        )
    if entry.subject == "grid":
        return _joined(view, [str(one) for one in payload.get("grids") or [payload.get("grid", "")] if one])
    if entry.subject in {"user", "tracker"}:
        return str(payload.get("name") or f"#{number}")
    order = found.orders.get(number) if entry.subject == "order" else None
    if order is not None:
        numbered = wording.fill(wording.pick(SUBJECTS["order"], view.lang), {"id": number}, view.lang)
        return f"{numbered} {known.order(order)}"
    if entry.subject in SUBJECTS:
        return wording.fill(wording.pick(SUBJECTS[entry.subject], view.lang), {"id": number}, view.lang)
    return " ".join(part for part in (f"#{number}", str(payload.get("reason") or "")) if part)


def _incident(view: View, found: timeline.Page, number: int) -> str:
    record = found.incidents.get(number)
    numbered = wording.fill(wording.pick(SUBJECTS["incident"], view.lang), {"id": number}, view.lang)
    return f"{numbered} {view.words.incident_title(record)}" if record else numbered


def _field(view: View, name: str) -> str:
    return view.words.form_field(name.partition(".")[0])


def _layer(view: View, code: object) -> str:
    if code == ALL_LAYERS:
        return view.gettext(N_("several layers"))
    return view.words.layer(str(code)) if code in view.context.policy.layers else str(code or "")


def _joined(view: View, parts: list[str]) -> str:
    return wording.pick(("、", ", "), view.lang).join(dict.fromkeys(parts))
