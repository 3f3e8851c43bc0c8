"""Finding lessons: their order, and what a reader's words for them mean."""

import pytest

from d2l.notebook.lesson_index import (
    Lesson,
    UnknownLessonError,
    chapter_of,
    find_lessons,
    section_of,
    select_lessons,
)

NAMES = ["2_1_tensors", "2_5_gradients", "2_5_exercise_cost", "3_1_lines", "10_1_gates", "extra"]


@pytest.fixture
def lessons(tmp_path):
    for name in reversed(NAMES):
        (tmp_path / f"{name}.py").touch()
    return find_lessons([tmp_path / "none", tmp_path])


def names(lessons):
    return [lesson.name for lesson in lessons]


def test_lessons_come_in_the_order_of_the_book_with_exercises_behind_their_section(lessons):
    assert names(lessons) == NAMES


def test_no_names_mean_every_lesson(lessons):
    assert select_lessons([], lessons) == lessons


def test_a_name_a_section_and_a_path_each_mean_their_lessons_once(lessons, tmp_path):
    other = tmp_path / "homework.ipynb"
    other.touch()
    chosen = select_lessons(["3_1_lines", "2.5", str(other), "3.1"], lessons)
    assert names(chosen) == ["3_1_lines", "2_5_gradients", "2_5_exercise_cost", "homework"]


@pytest.mark.parametrize(
    ("asked", "near"),
    [("gradient", "2_5_gradients"), ("tensrs", "2_1_tensors"), ("10.1_gates", "10_1_gates")],
)
def test_an_unknown_name_is_answered_with_the_names_near_it(lessons, asked, near):
    with pytest.raises(UnknownLessonError, match=rf"named '{asked}'\. Did you mean {near}"):
        select_lessons([asked], lessons)


def test_a_name_near_none_is_answered_with_the_command_that_lists_them(lessons):
    with pytest.raises(UnknownLessonError, match=r"named 'zzz'\. `d2l lessons list`"):
        select_lessons(["zzz"], lessons)


def test_a_chapter_is_read_from_the_name():
    assert chapter_of("4_4_softmax") == "Chapter 4. Linear classification"
    assert chapter_of("21_1_later") == "Chapter 21"
    assert chapter_of("homework") == "Other notebooks"


def test_the_lessons_of_this_library_are_found_each_under_a_section():
    found = find_lessons()
    assert found
    assert all(section_of(lesson.name) and lesson.path.is_file() for lesson in found)
    assert isinstance(found[0], Lesson)
