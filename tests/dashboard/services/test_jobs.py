"""Work in the background: joined, stopped between two parts, begun again, its failure told."""

from __future__ import annotations

import re
import threading
import time

from dashboard.services import jobs
from iaca.errors import InputError

PATIENCE_S = 30


def until(condition):
    for _ in range(PATIENCE_S * 100):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("what the test waits for did not come")


def in_line(turns):
    """How many have their turn or wait for it."""
    return len(turns._running) + sum(map(len, turns._waiting.values()))


def ended(job):
    until(lambda: job.ended)
    return job


def test_a_job_is_joined_while_it_runs_stops_after_the_part_under_way_and_begins_again():
    go, seen = threading.Semaphore(0), []

    def work(progress):
        for part in range(4):
            go.acquire()
            seen.append(part)
            progress(part + 1, 4, "parts")
        return "done"

    job = jobs.begin("a job", work)
    go.release()
    assert jobs.begin("a job", work) is job
    until(lambda: seen)
    job.stop()
    go.release()
    assert ended(job).stopped
    assert seen[-1] < 3
    assert job.result is None

    go.release(4)
    again = jobs.begin("a job", work)
    assert again is not job
    assert ended(again).result == "done"
    assert (again.done, again.total) == (4, 4)
    assert jobs.begin("a job", work) is again


def test_a_failure_is_one_sentence_and_the_job_may_be_begun_anew():
    def work(progress):
        raise InputError("someone.mp4 cannot be read")

    job = ended(jobs.begin("a failing job", work))
    assert job.error == "someone.mp4 cannot be read"
    jobs.forget("a failing job")
    assert jobs.find("a failing job") is None


def test_rate_and_time_left_are_told_once_something_is_finished():
    go, told = threading.Event(), threading.Event()

    def work(progress):
        progress(0, 30)
        progress(10, 30)
        told.set()
        go.wait(PATIENCE_S)

    job = jobs.begin("a job with a pace", work)
    assert told.wait(PATIENCE_S)
    rate, left = re.fullmatch(r" · ([\d,.]+) per second · (\d+) s left", job.pace).groups()
    assert float(rate.replace(",", "")) > 0
    assert int(left) >= 1
    go.set()
    ended(job)
    assert jobs.Job(lambda progress: None).pace == ""


def test_whoever_brings_many_videos_does_not_keep_the_others_waiting():
    turns, go, order = jobs.Turns(1), threading.Semaphore(0), []

    def work(name):
        def run(progress):
            go.acquire()
            order.append(name)

        return run

    begun = []
    for name in ("first 1", "first 2", "first 3", "second 1"):
        begun.append(jobs.begin(f"turns {name}", work(name), turns, name.split()[0]))
        until(lambda: in_line(turns) == len(begun))
    until(lambda: not begun[0].waiting)
    assert [job.waiting for job in begun] == [False, True, True, True]
    for _ in begun:
        go.release()
    for job in begun:
        ended(job)
    assert order.index("second 1") <= 2
    assert len(order) == 4


def test_a_job_that_waits_for_its_turn_can_be_stopped_and_leaves_its_place_to_the_next():
    turns, go = jobs.Turns(1), threading.Event()
    running = jobs.begin("turns running", lambda progress: go.wait(PATIENCE_S), turns, "a")
    until(lambda: not running.waiting)
    stopped = jobs.begin("turns stopped", lambda progress: "ran", turns, "b")
    last = jobs.begin("turns last", lambda progress: "ran", turns, "c")
    jobs.stop_all("turns stopped")
    assert ended(stopped).stopped
    assert stopped.result is None
    go.set()
    assert ended(running).error == ""
    assert ended(last).result == "ran"


def test_the_end_of_the_process_stops_jobs_and_waits_until_they_are_out_of_their_libraries():
    begun = threading.Event()

    def work(progress):
        begun.set()
        while True:
            time.sleep(0.01)
            progress(0, 0)

    job = jobs.begin("an endless job", work)
    assert begun.wait(30)
    jobs.end_all()
    assert job.ended
    assert job.stopped
    assert not job.thread.is_alive()
