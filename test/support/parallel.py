"""A parallel map over worker processes whose members may fork and wait for children themselves."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, as_completed


def default_jobs():
    return max(1, len(os.sched_getaffinity(0)))


def each_result(function, items, jobs):
    """Yields (item, function(item)) as they finish; the order does not matter to any caller."""
    if jobs <= 1:
        for item in items:
            yield item, function(item)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, mp_context=context) as pool:
        pending = {pool.submit(function, item): item for item in items}
        for future in as_completed(pending):
            yield pending[future], future.result()
