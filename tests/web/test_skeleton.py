"""The map's skeleton: Folium's output as it is, from this server alone, with a place for every nonce."""

import html
import re

import folium
import folium.plugins
import pytest
from branca.element import Figure, JavascriptLink

from web.map import literal
from web.map.skeleton import FIXED_GROUPS, skeleton

HOSTILE = (
    "{{ 7 * 7 }}",
    "{{ ''.__class__.__mro__ }}",
    "{% raise %}",
    "{# never closed",
    "</script><script>alert(1)</script>",
    '" onload="alert(1)\' `',
    "\u2028\u2029\0",
    "岚溪县" * 3000,
)


@pytest.fixture(autouse=True)
def installed() -> None:
    literal.install()


@pytest.mark.parametrize("text", HOSTILE)
def test_text_in_a_folium_object_is_never_a_template(text: str) -> None:
    """branca renders finished script a second time as a template: a name of a village must not run on the server."""
    figure = Figure()
    page = folium.Map(tiles=None)
    page.default_js = page.default_css = []
    figure.add_child(page)
    folium.Popup(text, parse_html=True).add_to(folium.CircleMarker((0, 0), tooltip=text).add_to(page))
    folium.FeatureGroup(name=text).add_to(page)
    written = figure.render()
    assert "49" not in re.sub(r"[0-9a-f]{32}", "", written)
    assert "class 'object'" not in html.unescape(written)


def test_a_literal_is_added_without_a_change() -> None:
    """What the skeleton's override adds stands in the page byte for byte."""
    figure = Figure()
    figure.html.add_child(literal.Literal("{{ 7 * 7 }} {% x %} {# y"))
    assert "{{ 7 * 7 }} {% x %} {# y" in figure.render()


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.example/leaflet.js",
        "http://a/b.js",
        "//cdn.example/x.js",
        "leaflet.js",
        "data:text/javascript,1",
    ],
)
def test_an_address_that_is_not_ours_is_refused(address: str) -> None:
    """A page that asks another host does not work without internet, and tells that host who looks at what."""
    with pytest.raises(literal.ForeignAddressError, match="not served from here"):
        JavascriptLink(address)


def test_a_folium_plugin_with_foreign_scripts_cannot_be_rendered() -> None:
    """A plugin that somebody adds later brings its own addresses: it must fail in a test, not in the command post."""
    page = folium.Map(tiles=None)
    folium.plugins.MarkerCluster().add_to(page)
    with pytest.raises(literal.ForeignAddressError):
        page.get_root().render()


def test_the_skeleton_names_no_other_host() -> None:
    """Everything that the map loads comes from /static/."""
    made = skeleton(("teams", "depots"))
    everything = made.header("n") + made.html() + made.script("n")
    assert not re.findall(r"https?:|(?:src|href)=[\"'](?!/static/)", everything)


def test_every_script_and_style_of_the_skeleton_carries_the_nonce() -> None:
    """The content policy drops a tag without the nonce, and the map stays empty."""
    made = skeleton(("teams",))
    everything = made.header("abc123") + made.html() + made.script("abc123")
    tags = re.findall(r"<(?:script|style)\b[^>]*>", everything)
    assert len(tags) >= 4
    assert all('nonce="abc123"' in tag for tag in tags)
    assert "@nonce@" not in everything


def test_every_layer_has_a_group_with_a_fixed_name() -> None:
    """JavaScript finds Folium's objects by name; random names would tie it to one rendering."""
    script = skeleton(("teams", "geohazard_points")).script("n")
    for name in ("teams", "geohazard_points", *FIXED_GROUPS):
        assert f"var feature_group_{name} = L.featureGroup(" in script
    assert "var map_command = L.map(" in script


@pytest.mark.parametrize("code", ["{{ 7*7 }}", "a-b", "A", "1a", "x;alert(1)", "", "a\n"])
def test_a_layer_code_that_is_no_identifier_is_refused(code: str) -> None:
    """Layer codes are file names that a county chooses, and they become JavaScript names."""
    with pytest.raises(ValueError, match="not a layer code"):
        skeleton((code,))


def test_the_skeleton_is_built_once() -> None:
    """Folium takes milliseconds for each object; a page should take none."""
    assert skeleton(("teams", "depots")) is skeleton(("teams", "depots"))
