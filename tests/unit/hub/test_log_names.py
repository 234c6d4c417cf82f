"""A person's name is taken out of logs, and other names that hold it stay."""

from pathlib import Path

from skrt_hub.hub.log_names import take_out_names
from skrt_hub.layout import Layout
from skrt_hub.policy.erasing import words_of


def test_the_name_goes_as_a_word_of_its_own(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    (layout.log / "servers").mkdir(parents=True)
    log = layout.log / "hub.log"
    text = (
        "User logged in: {0}\n302 GET /user/{0}/lab?x=1\n200 GET /hub/api/user ({0}@127.0.0.1) 3.10ms ({0}@::1)\n"
        "client_id=jupyterhub-user-{0}&redirect_uri=%2Fuser%2F{0}%2Foauth_callback&next=%252Fuser%252F{0}%252Flab\n"
        "anna2, joanna, anna.b, an-anna, anna-lena, anna@uni.example\n“{0}”, {0}. {0}\n"
    )
    log.write_text(text.format("anna"))
    (layout.log / "proxy.log").write_text("nobody\n")
    assert take_out_names(layout, words_of("anna", "anna")) == ["hub.log"]
    assert log.read_text() == text.format("(erased)")


def test_other_writings_of_it_go_too(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.log.mkdir()
    log = layout.log / "hub.log"
    log.write_text("björn ö. /user/bj%C3%B6rn%20%C3%B6./ bj-rn-0123456789abcdef homes\n", encoding="utf-8")
    take_out_names(layout, words_of("björn ö.", "bj-rn-0123456789abcdef"))
    assert "rn" not in log.read_text(encoding="utf-8")
