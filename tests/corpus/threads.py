"""Programs that use threads. Right or refused: both keep the promise."""

import concurrent.futures
import threading

import numpy as np

from ._case import Corpus, vec

case = Corpus(__name__)


@case(vec(4), either=True)
def pool_map(x):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return sum(pool.map(lambda v: v * v, x))


@case(vec(4), either=True)
def pool_submit_and_results(x):
    def work(i):
        return np.sin(x[i]) * x[0]

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(work, i) for i in range(4)]
        return sum(f.result() for f in futures)


@case(vec(4), either=True, complex_step=False)
def threads_write_disjoint_slices(x):
    y = np.zeros(4)

    def fill(part):
        y[part] = x[part] ** 2

    workers = [threading.Thread(target=fill, args=(slice(i, i + 2),)) for i in (0, 2)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return (y * x).sum()


@case(0.8, either=True)
def shared_state_under_a_lock(x):
    lock, total = threading.Lock(), [0.0]

    def add(k):
        with lock:
            total[0] += x * k

    threads = [threading.Thread(target=add, args=(k,)) for k in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return total[0] * x


@case(0.8)
def lock_without_threads(x):
    lock = threading.RLock()
    with lock:
        y = x * x
    lock.acquire()
    try:
        y *= 2
    finally:
        lock.release()
    return y


@case(0.8)
def thread_local_storage(x):
    local = threading.local()
    local.v = x * 2
    return local.v * x


@case(0.8, either=True)
def inactive_work_in_a_thread(x):
    result = []
    t = threading.Thread(target=lambda: result.append(np.arange(5.0).sum()))
    t.start()
    t.join()
    return x * result[0]
