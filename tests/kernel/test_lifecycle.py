"""x"""
from tests.kernel.story import Story, minutes
from tests.kernel.yaml_rules import rules_from
def test_x():
    rules = rules_from("""
      workflows:
        job:
          initial: a
          states: {a: {title: A, owner: agent}, z: {title: Z, final: true}}
          events:
            open: {opens: true, by: agent}
            finish: {from: a, to: z, by: agent}
    """)
    s = Story(rules); s.begin(); s.do(minutes(3), "finish")
    assert s.ticket.state == "z"
