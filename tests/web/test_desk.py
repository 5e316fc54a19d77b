"""The desk's pages without a script: words for every act, undo, confirm steps, messages, the shift."""

import re
from datetime import UTC, datetime

from sqlalchemy import Engine

from api.security import ACTS
from data import aid, worlds
from tests import builders
from tests.web.conftest import Reader
from tests.web.test_pages import shown_text
from web import acts
from web.pages.confirm import STEPS

SILENT = {"system.check", "position.report", "job.cancel"}
LON, LAT = builders.on_main_road(4.5)


def test_every_act_has_a_sentence_in_both_languages() -> None:
    """The timeline is read aloud in reviews: no raw code may stand in it."""
    writing = {act for act in ACTS if not act.endswith(".read")} - SILENT
    assert writing <= set(acts.SENTENCES)
    assert all(chinese and english for chinese, english in acts.SENTENCES.values())
    assert set(acts.CONSEQUENCES) == set(acts.TITLES) == set(STEPS)


def close_road(reader: Reader) -> str:
    return reader.send("/closures", "/closures", lon=str(LON), lat=str(LAT), reason="落石").text


def test_what_was_just_done_is_offered_back_on_the_next_page(commander: Reader) -> None:
    """Without a script, by the request's number in the address; another reader's address offers nothing."""
    page = close_road(commander)
    assert "已完成：管制道路（#1 落石）" in page
    undone = commander.client.post("/undo/1", data={**hidden(page, "/undo/1"), "back": "/closures"})
    assert "目前没有" in undone.text or "No road" in undone.text
    assert "撤回第 1 条：解除道路管制" in undone.text
    assert 'class="toast"' not in commander.get("/closures").text


def hidden(page: str, action: str) -> dict[str, str]:
    form = next(part for part in page.split("<form")[1:] if f'action="{action}"' in part.split(">")[0])
    return dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.split("</form>")[0]))


def test_a_confirm_step_says_what_will_happen_and_does_it(commander: Reader) -> None:
    """One sentence with numbers, then yes; a plain page where there is no script."""
    where = {"type": "landslide", "level": 4, "lon": str(LON), "lat": str(LAT)}
    incident = commander.send("/incidents", "/incidents", **where).url.path
    plan = commander.send(incident, "/plans").url.path
    commander.send(plan, f"{plan}/confirm")
    number = incident.rsplit("/", 1)[1]
    asked = f"/confirm/incident.cancel/{number}"
    assert asked in commander.get(incident).text
    sentence = shown_text(commander.get(asked).text)
    assert re.search(r"将撤销：[1-9]\d* 份未完成的指令随之撤销（其中 0 份已在途）", sentence)
    commander.send(asked, f"{incident}/cancel", reason="误报")
    assert "已撤销" in commander.get(incident).text
    told = shown_text(commander.get(f"/timeline?incident={number}").text)
    assert re.search(r"撤销 险情 1 .*，收回 [1-9]\d* 份指令；原因：误报", told)


def order_of(reader: Reader) -> int:
    """Report an incident, send who is proposed, and return the first team's order."""
    where = {"type": "landslide", "level": 4, "lon": str(LON), "lat": str(LAT)}
    incident = reader.send("/incidents", "/incidents", **where).url.path
    plan = reader.send(incident, "/plans").url.path
    shown = reader.send(plan, f"{plan}/confirm").text
    return min(int(one) for one in re.findall(r'id="order-(\d+)"', shown))


def test_whose_link_ends_and_whether_it_is_needed_is_said_first(commander: Reader) -> None:
    """A lost telephone at night: the team, its state and the way on stand in the sentence, and then the link is dead."""
    order = order_of(commander)
    asked = f"/confirm/order.unlink/{order}"
    assert "它没有有效的链接。" in shown_text(commander.get(asked).text)
    assert f'action="/orders/{order}/unlink"><button' not in commander.get(asked).text
    links = commander.send("/orders", "/orders/links", order=str(order)).text
    (address,) = re.findall(r'href="[^"]*(/o/[^"]+)"', links)
    assert asked in commander.get("/orders").text
    sentence = shown_text(commander.get(asked).text)
    assert re.search(rf"指令 {order}（.+）的链接（有效至 .+）将作废：.*指令“待接收”，仍在执行", sentence)
    commander.send(asked, f"/orders/{order}/unlink")
    assert commander.client.get(address).status_code == 401
    assert asked not in commander.get("/orders").text


def test_a_tracker_that_is_needed_says_so_before_it_ends(commander: Reader, ids: dict[str, int]) -> None:
    """The arrival of a unit under way rests on its tracker."""
    order_of(commander)
    administrator = Reader(commander.client, "administrator")
    for team in ids["landslide"], ids["far"]:
        administrator.send("/trackers", "/trackers", name="车载01", unit=f"team:{team}")
    sentences = [shown_text(administrator.get(f"/confirm/tracker.revoke/{number}").text) for number in (1, 2)]
    assert all("定位终端“车载01”的密钥将作废" in one for one in sentences)
    assert sorted("正在执行 1 份指令" in one for one in sentences) == [False, True]
    assert sorted("目前没有未完成的指令" in one for one in sentences) == [False, True]


def test_what_goes_back_is_said_before_help_ends(
    commander: Reader, engine: Engine, ids: dict[str, int]
) -> None:
    """Withdrawn before the answer, or what was lent goes back: two sentences, one step."""
    incident = commander.send(
        "/incidents", "/incidents", type="landslide", level=4, lon=str(LON), lat=str(LAT)
    ).url.path
    now = datetime.now(UTC)
    asked = {"from_area": builders.WEST_TOWNSHIP, "to_area": builders.EAST_TOWNSHIP, "text": "", "by": "west"}
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        made = aid.insert(here, incident_id=int(incident.rsplit("/", 1)[1]), at=now, **asked)
    step = f"/confirm/aid.end/{made.id}"
    assert "东镇还没有答复" in shown_text(commander.get(step).text)
    with engine.begin() as connection:
        here = worlds.inside(connection, worlds.LIVE)
        aid.answer(here, aid_id=made.id, granted=True, at=now, by="east", teams=[ids["far"]])
    assert "借来的 1 支队伍、0 座储备库归还" in shown_text(commander.get(step).text)
    assert "已结束" in commander.send(step, f"/aid/{made.id}/end").text
    assert "它已经结束" in shown_text(commander.get(step).text)


def test_a_hostile_reason_is_text_in_the_timeline(commander: Reader) -> None:
    """Sentences are filled with what anybody typed."""
    reason = "<script>alert(1)</script> {who} {0} {{ 7 * 7 }}"
    commander.send("/closures", "/closures", lon=str(LON), lat=str(LAT), reason=reason)
    for path in ("/timeline", "/handover", "/undo/1", "/confirm/closure.open/1"):
        page = commander.get(path).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert(1)&lt;/script&gt; {who} {0} {{ 7 * 7 }}" in page, path


def test_messages_are_written_and_answered_without_a_script(commander: Reader) -> None:
    """The form, the unanswered mark, and who may answer."""
    page = commander.send("/messages", "/messages", body="水位 3.2 米")
    assert "水位 3.2 米" in page.text
    assert "未答复" in page.text
    officer = Reader(commander.client, "duty_officer")
    assert "duty_officer 已确认" in officer.send("/messages", "/messages/1/acknowledge").text


def test_the_shift_is_handed_over_and_printed(commander: Reader) -> None:
    """Names, note, and a sheet with room for two signatures."""
    close_road(commander)
    page = commander.send("/handover", "/handover", taken_over_by="李强", note="注意三号桥")
    assert page.url.path == "/handover/1"
    text = shown_text(page.text)
    assert "李强" in text
    assert "注意三号桥" in text
    assert "接班人签字" in text
    assert "/handover/1" in commander.get("/handover").text
