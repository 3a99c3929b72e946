from hypothesis import given
from hypothesis import strategies as st

from gan_widgets.control.history import STEPS, History

moves = st.lists(st.sampled_from(["do", "undo", "redo"]), max_size=60)


@given(moves)
def test_undo_and_redo_agree_with_a_list_and_a_cursor(moves):
    states, cursor = [0], 0
    history, present = History(), 0
    for k, move in enumerate(moves, start=1):
        if move == "do":
            history, present = history.leave(present), k
            states, cursor = [*states[: cursor + 1], k], cursor + 1
        elif move == "undo" and history.can_undo:
            history, present = history.undone(present)
            cursor -= 1
        elif move == "redo" and history.can_redo:
            history, present = history.redone(present)
            cursor += 1
        assert present == states[cursor]
        assert history.can_undo == (cursor > 0)
        assert history.can_redo == (cursor < len(states) - 1)


def test_only_the_latest_steps_can_be_undone():
    history = History()
    for present in range(STEPS + 50):
        history = history.leave(present)
    assert history.past == tuple(range(50, STEPS + 50))
