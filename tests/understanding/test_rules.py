"""Every rule's own examples and counter-examples."""

import pytest

from streamproc.understanding.rules import TOPICS, Rules, fold_text

RULES = Rules.load()
SECTIONS = {
    "topic": RULES.topics,
    "cue": RULES.cues,
    "cue_target": RULES.targets,
    "purchase_report": RULES.purchases,
    "advice": RULES.advices,
}
CASES = [
    (section, rule.says, text, holds)
    for section, rules in SECTIONS.items()
    for rule in rules
    for texts, holds in ((rule.examples, True), (rule.counter_examples, False))
    for text in texts
]


@pytest.mark.parametrize(("section", "says", "text", "holds"), CASES)
def test_rule_examples(section, says, text, holds):
    """The first rule of the section that holds is this one for its examples and not for its counter-examples."""
    said = next((rule.says for rule in SECTIONS[section] if rule.matches(fold_text(text))), None)
    assert (said == says) == holds


def test_every_topic_has_a_rule():
    """All topics of the contract but `other` have rules."""
    assert {rule.says for rule in RULES.topics} == set(TOPICS)


@pytest.mark.parametrize("section", ["cue", "purchase_report", "advice"])
def test_trigger_lets_every_example_through(section):
    """The quick test before the rules never hides one."""
    for rule in SECTIONS[section]:
        for text in rule.examples:
            marks = RULES.marks(text)
            assert any((marks.cue, marks.purchase_report, marks.advice)), text


def test_marks_say_nothing_of_chatter():
    """Chatter has no cue, no purchase report and no advice."""
    for text in ("哈哈哈", "666", "晚上好", "多少钱", "", "😂"):
        assert RULES.marks(text) == (None, None, False, None)


@pytest.mark.parametrize(
    ("traditional", "simplified"),
    [("多少錢啊", "多少钱啊"), ("主播騙人", "主播骗人"), ("已經買了", "已经买了"), ("別買", "别买")],
)
def test_traditional_characters_are_read_as_simplified_ones(traditional, simplified):
    """Topic, cue, purchase report and advice do not depend on the script."""
    assert RULES.topic(traditional) == RULES.topic(simplified)
    assert RULES.marks(traditional) == RULES.marks(simplified)
    assert (RULES.topic(simplified), RULES.marks(simplified)) != ("other", (None, None, False, None))


def test_cue_without_a_named_target_is_about_the_product():
    """A doubt that names nobody is about the product."""
    assert RULES.marks("是正品吗")[:2] == ("doubt", "product")
    assert RULES.marks("主播骗人")[:2] == ("doubt", "anchor")
    assert RULES.marks("都是托吧")[:2] == ("doubt", "viewers")
