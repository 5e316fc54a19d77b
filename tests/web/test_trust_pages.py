"""Pages about accounts and the journal: for administrators alone, and what they hand out is seen once."""

import re

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from data import accounts
from tests.web.conftest import Reader
from tests.web.test_pages import shown_text

ADMINISTRATORS = ("/accounts", "/audit")


@pytest.fixture
def administrator(client: TestClient) -> Reader:
    """An administrator at the pages."""
    return Reader(client, "administrator")


def test_others_neither_see_nor_reach_the_pages_of_administrators(commander: Reader) -> None:
    """The bar offers what the table of acts gives, and the address alone opens nothing."""
    bar = commander.get("/incidents").text
    for path in ADMINISTRATORS:
        assert f'href="{path}"' not in bar
        assert commander.get(path).status_code == 403


def test_a_new_account_is_handed_over_and_made_ones_own(administrator: Reader, client: TestClient) -> None:
    """Its password is shown once, opens only its own change, and afterwards everything that the role may do."""
    made = administrator.send("/accounts", "/accounts", name="新人", role="duty_officer")
    shown = re.search(r"<code>([^<]+)</code>", made.text)
    assert shown
    assert shown[1] not in administrator.get("/accounts").text
    entered = client.post("/login", data={"name": "新人", "password": shown[1]})
    assert entered.url.path == "/me"
    newcomer = object.__new__(Reader)
    newcomer.client = client
    words = {"old": shown[1], "new": "words of my own", "again": "words of my own"}
    assert (
        "两次输入的新密码不一致" in newcomer.send("/me", "/me/password", **{**words, "again": "other"}).text
    )
    assert newcomer.send("/me", "/me/password", **words).status_code == 200
    assert newcomer.get("/incidents").status_code == 200


def test_whoever_is_shut_out_is_named_with_what_ends(administrator: Reader, engine: Engine) -> None:
    """Logins, keys, and whether anybody else has the role; the last administrator cannot be shut out at all."""
    with engine.begin() as connection:
        numbers = {one.name: one.id for one in accounts.list_users(connection)}
    step = f"/confirm/account.disable/{numbers['commander']}"
    page = shown_text(administrator.get(step).text)
    assert "账号 commander（指挥长，全部）将停用：0 处登录立即退出，0 个读取密钥失效。" in page
    assert "没有其他可用的指挥长账号" in page
    assert "已停用" in administrator.send(step, "/accounts/commander/disable").text
    assert "它已经停用。" in shown_text(administrator.get(step).text)
    own = administrator.get(f"/confirm/account.disable/{numbers['administrator']}").text
    assert "不能停用" in own
    assert 'class="primary"' not in own


def test_the_journal_is_read_verified_and_taken_out(administrator: Reader) -> None:
    """Filtered by act, with a verdict in words and a file that a spreadsheet opens as text."""
    administrator.send("/accounts", "/accounts", name="=SUM(A1)", role="viewer")
    page = administrator.get("/audit?act=account.create&lang=en")
    assert "account.create" in page.text
    verdict = administrator.send("/audit", "/audit/verify")
    seal = re.search(r"<code>(\d+:[0-9a-f]{64})</code>", verdict.text)
    assert seal
    assert "all" in administrator.send("/audit", "/audit/verify", seal=seal[1]).text.lower()
    assert administrator.send("/audit", "/audit/verify", seal="nonsense").status_code == 422
    taken = administrator.send("/audit", "/audit/export")
    assert taken.content.startswith("\ufeffnumber,".encode())
    assert "account.create" in taken.text
