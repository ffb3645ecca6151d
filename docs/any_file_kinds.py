"""Kinds of files that were once read wrongly: what is done with each, with variants, and the test that holds it."""

from __future__ import annotations

from typing import NamedTuple

MEDIA, FACES = "tests/iaca/data/media/", "tests/iaca/data/faces/"
LABELS, RATINGS = "tests/iaca/data/test_annotations.py", "tests/iaca/data/test_ratings.py"
WEIGHTS, SCORES = "tests/iaca/checkpoints/test_published_files.py", "tests/iaca/evaluation/test_scores.py"


class Variant(NamedTuple):
    """One sort of file of a kind.

    Attributes:
        file: What is particular about it.
        done: What is done with it.
        test: The file and the function of the test that makes such files, as pytest names them.
    """

    file: str
    done: str
    test: str


KINDS: dict[str, tuple[Variant, ...]] = {
    "People of whom not all are found": (
        Variant(
            "one of two, on either side, under any pair of names", "is whoever belongs to that side",
            f"{FACES}test_tracks.py::test_one_of_two_people_is_the_one_on_that_side",
        ),
        Variant(
            "one of two, in the middle", "is refused, with how many were found",
            f"{FACES}test_tracks.py::test_one_of_two_people_in_the_middle_is_nobody_and_it_is_said",
        ),
        Variant(
            "two of three", "are told apart by their thirds",
            f"{FACES}test_tracks.py::test_two_of_three_people_are_told_apart_by_their_thirds",
        ),
        Variant(
            "one of two, who walks from side to side", "counts by the place over the whole video",
            f"{FACES}test_tracks.py::test_one_of_two_people_who_walks_counts_by_the_place_over_the_whole_video",
        ),
    ),
    "Somebody else at the place of a face": (
        Variant(
            "a cut to somebody else", "ends the track; the same person goes on after it",
            f"{FACES}test_tracks.py::test_a_cut_to_somebody_else_at_the_same_place_ends_the_track",
        ),
        Variant(
            "a patch of background before the person, with and without a cut", "is left out",
            f"{FACES}test_tracks.py::test_a_patch_of_background_before_the_person_at_its_place_is_left_out",
        ),
        Variant(
            "a dissolve, or a fade through black, to somebody else", "ends the track",
            f"{FACES}test_tracks.py::test_a_transition_to_somebody_else_at_the_same_place_ends_the_track",
        ),
        Variant(
            "somebody who passes in front", "is left out, and the person goes on",
            f"{FACES}test_tracks.py::test_somebody_who_passes_in_front_is_left_out_and_the_person_goes_on",
        ),
        Variant(
            "a light that is switched on, fades in, or goes and comes back", "is no other person",
            f"{FACES}test_tracks.py::test_another_light_is_no_other_person",
        ),
        Variant(
            "a camera that goes along, through changing light", "keeps the person",
            f"{FACES}test_tracks.py::test_a_camera_that_goes_along_through_changing_light_keeps_the_person",
        ),
    ),
    "Pictures that the file turns or mirrors": (
        Variant(
            "all eight orientations", "are shown and read as players show them",
            f"{MEDIA}test_display.py::test_all_eight_orientations_are_shown_as_players_show_them",
        ),
        Variant(
            "a turn between two quarters, mirrored too", "becomes the nearest quarter",
            f"{MEDIA}test_display.py::test_a_turn_between_is_rounded_to_a_quarter_also_of_a_mirrored_picture",
        ),
        Variant(
            "a matrix of zeros, or out of all bounds", "leaves the pictures as they are",
            f"{MEDIA}test_display.py::test_a_damaged_matrix_still_gives_pictures",
        ),
    ),
    "Several sound tracks": (
        Variant(
            "either marked as default, in mp4, mkv and mov", "the default is read and played, and it is said",
            f"{MEDIA}test_container.py::test_of_several_sounds_the_default_is_heard_and_it_is_said",
        ),
        Variant(
            "another one is chosen", "a copy has it alone, at its time",
            f"{MEDIA}test_chosen_tracks.py::test_the_chosen_sound_alone_is_heard_at_its_time",
        ),
        Variant(
            "a number that is not there", "is refused by what there is",
            f"{MEDIA}test_chosen_tracks.py::test_a_track_that_there_is_not_is_refused_by_what_there_is",
        ),
    ),
    "Several video tracks": (
        Variant(
            "any, none or all marked as default, in mp4, mkv and webm", "one is read and shown, and it is said",
            f"{MEDIA}test_container.py::test_of_several_films_the_default_is_read_and_shown_and_it_is_said",
        ),
        Variant(
            "another one is chosen", "a copy has it alone, with every frame at its time",
            f"{MEDIA}test_chosen_tracks.py::test_the_chosen_film_alone_is_read_and_shown_with_every_frame_at_its_time",
        ),
        Variant(
            "it is chosen on the page, and the first one again", "features of the other are deleted",
            "tests/dashboard/app_pages/test_your_video.py::"
            "test_the_chosen_tracks_stand_for_a_video_and_the_first_ones_come_back",
        ),
    ),
    "Pixels that are not square": (
        Variant(
            "wide, high, and of wide-screen television", "become square, and none is lost",
            f"{MEDIA}test_display.py::test_pictures_have_square_pixels_and_none_is_lost",
        ),
        Variant(
            "in a picture that is turned too", "make it higher",
            f"{MEDIA}test_display.py::test_wide_pixels_of_a_turned_picture_make_it_higher",
        ),
        Variant(
            "in mpeg2 and mkv, copied for the browser", "are square in the copy",
            f"{MEDIA}test_display.py::test_the_copy_for_the_browser_has_square_pixels",
        ),
        Variant(
            "whose shape changes on the way", "keep the first, as in Chromium",
            f"{MEDIA}test_display.py::test_pixels_whose_shape_changes_on_the_way_keep_the_first_as_in_a_browser",
        ),
        Variant(
            "of a shape that no camera has", "count as square",
            f"{MEDIA}test_display.py::test_pixels_of_a_shape_that_no_camera_has_count_as_square",
        ),
    ),
    "Labels on another scale": (
        Variant(
            "-10 to 10 and others, in whole and in broken numbers", "are refused, with their number and range",
            f"{LABELS}::test_labels_on_another_scale_are_refused_with_their_number_and_range",
        ),
        Variant(
            "a few slips", "are counted and not annotated; one more is another scale",
            f"{LABELS}::test_a_few_slips_are_counted_and_not_annotated_and_one_more_is_another_scale",
        ),
        Variant(
            "all outside, however few", "are refused",
            f"{LABELS}::test_labels_that_are_all_outside_are_refused_however_few",
        ),
        Variant(
            "a scale that is told, of four", "becomes -1 to 1", f"{RATINGS}::test_a_scale_becomes_minus_one_to_one"
        ),
    ),
    "Weights of another program": (
        Variant(
            "scores of NumPy 2, of torch and of Python", "are read",
            f"{WEIGHTS}::test_scores_of_a_new_numpy_of_torch_and_of_python_are_read",
        ),
        Variant(
            "names with the prefix of several GPUs, of compiling, of both", "load with every weight",
            f"{WEIGHTS}::test_names_with_the_prefix_of_several_gpus_or_of_compiling_load_too",
        ),
        Variant(
            "a run of one's own, its weights under any key or alone", "loads",
            f"{WEIGHTS}::test_a_run_of_ones_own_loads_wherever_its_weights_stand",
        ),
        Variant(
            "an epoch that is infinite, or a word", "is refused",
            f"{WEIGHTS}::test_an_epoch_that_is_no_number_is_refused",
        ),
    ),
    "Pictures that change their size": (
        Variant(
            "a recording with an even and with an uneven rate, in the player", "every frame is reached both ways",
            "tests/dashboard/components/test_player.py::"
            "test_every_frame_of_a_recording_that_changes_its_size_is_reached_both_ways",
        ),
        Variant(
            "larger, smaller, two changes, there and back, with another rate", "are read and copied in the first size",
            f"{MEDIA}test_browser_copy.py::"
            "test_pictures_that_change_their_size_are_read_and_copied_in_the_first_one",
        ),
        Variant(
            "another shape, as of a phone that is turned", "is kept between black edges",
            f"{MEDIA}test_browser_copy.py::test_a_picture_that_changes_its_shape_keeps_it_between_black_edges",
        ),
    ),
    "Stereo out of phase": (
        Variant(
            "one channel inverted, in five formats", "the louder one is heard, and it is said",
            f"{MEDIA}test_sound.py::test_stereo_out_of_phase_is_heard_in_its_louder_channel_and_said",
        ),
        Variant("exact opposites", "are heard", f"{MEDIA}test_sound.py::test_exact_opposites_are_heard_too"),
        Variant(
            "one silent channel, or others that merely differ", "are the mean of both",
            f"{MEDIA}test_sound.py::test_other_stereo_is_the_mean_of_its_channels",
        ),
        Variant("silence", "stays silence", f"{MEDIA}test_sound.py::test_silence_in_stereo_is_silence"),
    ),
    "What is said": (
        Variant(
            "a song with a cover, in m4a, m4b, mp4, mkv and avi", "is called one",
            f"{MEDIA}test_container.py::test_a_song_with_a_cover_picture_is_called_one",
        ),
        Variant(
            "a list for a submission with a labelled subject, a folder, a frame too many", "what to do",
            f"{SCORES}::test_a_row_that_cannot_be_written_says_what_to_do_and_leaves_no_file",
        ),
        Variant(
            "a head that is tilted either way", "by how much the picture is to be turned",
            f"{FACES}test_turned.py::test_the_turn_is_told_that_shows_haar_a_tilted_face",
        ),
        Variant(
            "a video on its side, with no face or with few", "the turn, and how to make it",
            "tests/iaca/features/test_own_video.py::"
            "test_a_picture_that_lies_on_its_side_is_named_where_no_face_or_few_are_found",
        ),
        Variant(
            "a picture without any face", "no turn is named",
            f"{FACES}test_turned.py::test_no_turn_helps_where_there_is_no_face_or_in_too_few_pictures",
        ),
    ),
    "Files that were cut off": (
        Variant(
            "mp4, mkv and avi, in the middle", "at which second it ends, and what was expected",
            f"{MEDIA}test_container.py::test_a_file_that_was_cut_off_says_where_it_ends_and_what_was_expected",
        ),
        Variant(
            "mp4 and mov, before the table of their frames", "what is missing",
            f"{MEDIA}test_container.py::test_a_file_cut_off_before_its_table_of_frames_is_told_so",
        ),
        Variant(
            "pictures that end before the sound", "are whole",
            f"{MEDIA}test_container.py::test_pictures_that_end_before_the_sound_are_whole",
        ),
    ),
    "Files of cameras, broadcasts and programs": (
        Variant(
            "ts, mpg and mkv that begin between two key frames", "begin with the first that can be seen",
            f"{MEDIA}test_media.py::test_what_begins_between_two_key_frames_begins_with_the_first_that_can_be_seen",
        ),
        Variant(
            "pictures before zero without a time of their own", "are a usual step apart, and the sound fits",
            f"{MEDIA}test_media.py::test_pictures_before_zero_that_have_no_time_are_a_usual_step_apart",
        ),
        Variant(
            "ts and mpg joined byte by byte", "the command that makes one recording of them",
            f"{MEDIA}test_media.py::test_recordings_that_are_joined_byte_by_byte_are_refused_with_what_joins_them",
        ),
        Variant("HDR by PQ and by HLG", "it is told", f"{MEDIA}test_media.py::test_hdr_is_told"),
        Variant(
            "webm that lets the page shine through", "is copied, so that the player shows what is read",
            f"{MEDIA}test_media.py::test_pictures_that_let_the_page_shine_through_are_copied",
        ),
        Variant(
            "several pictures at one time", "are copied, each",
            f"{MEDIA}test_media.py::test_pictures_that_share_their_times_are_copied",
        ),
    ),
}  # fmt: skip


def section() -> str:
    """The part of the page about them."""
    count = sum(len(variants) for variants in KINDS.values())
    lines = [f"\n## Kinds and their variants\n\n{len(KINDS)} kinds of files, {count} sorts; each is held by a test.\n"]
    lines += ["| Kind | File | What is done or said | Test |", "| --- | --- | --- | --- |"]
    for kind, variants in KINDS.items():
        for place, one in enumerate(variants):
            lines.append(f"| {kind if place == 0 else ''} | {one.file} | {one.done} | `{one.test}` |")
    return "\n".join(lines)
