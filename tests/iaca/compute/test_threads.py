"""Pieces on threads of their own."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from iaca.checkpoints import Checkpoint
from iaca.compute.threads import side_by_side, stream
from iaca.inference import infer
from tests.conftest import make_features, make_model


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_results_come_in_the_order_of_the_pieces_and_each_is_computed_on_one_thread(threads):
    meet = threading.Barrier(threads, timeout=60)

    def work(piece):
        meet.wait()  # passes only where as many run at a time as there are threads
        return piece, torch.get_num_threads(), threading.get_ident()

    done = side_by_side(work, range(4 * threads))
    assert [piece for piece, _, _ in done] == list(range(4 * threads))
    assert {inside for _, inside, _ in done} == {1}
    assert len({ident for _, _, ident in done}) == threads


def test_a_thread_that_starts_later_has_as_many_threads_as_before(threads):
    side_by_side(int, [0])
    found = []
    later = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
    later.start()
    later.join()
    assert found == [threads]
    assert torch.get_num_threads() == threads


def test_a_stream_makes_no_more_pieces_than_its_threads_have_work_with(threads):
    made = []

    def pieces():
        for piece in range(20):
            made.append(piece)
            yield piece

    done = []
    for result in stream(lambda piece: -piece, pieces()):
        done.append(result)
        assert len(made) - len(done) <= threads
    assert sorted(done) == [-piece for piece in reversed(range(20))]


def test_a_long_piece_holds_up_no_other(threads):
    ended = threading.Event()

    def work(piece):
        if piece == 0 and threads > 1:
            assert ended.wait(60)  # until all others are done
        if piece == 9:
            ended.set()
        return piece

    assert sorted(stream(work, range(10))) == list(range(10))


def test_a_stream_that_is_left_early_leaves_nothing_running(threads):
    ended = []
    for _ in stream(lambda piece: ended.append(piece), range(100)):
        break
    before = len(ended)
    assert before <= threads + 1
    side_by_side(int, range(2 * threads))
    assert len(ended) == before


def test_an_error_of_a_piece_reaches_whoever_asked(threads):
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda piece: 1 // piece, [1, 0, 1])


@pytest.mark.parametrize("fusion", ["ca", "rjca"])
def test_a_trace_does_not_depend_on_the_threads(tmp_path, fusion):
    model = make_model(fusion=fusion, iaca=True)
    checkpoint = Checkpoint(tmp_path / "model.safetensors", model, model.config)
    features = make_features(4000, 2)
    before = torch.get_num_threads()
    traces = []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            traces.append(infer(features, checkpoint).frames)
    finally:
        torch.set_num_threads(before)
    for name in traces[0].columns:
        np.testing.assert_array_equal(traces[0][name].to_numpy(), traces[1][name].to_numpy(), err_msg=name)
