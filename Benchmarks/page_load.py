#!/usr/bin/python3
"""The evidence page over ten thousand photos: how soon it is there, how it scrolls, and the daemon's memory.

    Benchmarks/page_load.py [--count 10000] [--bin .build/release/interpretd] [--models DIR]

The catalog is filled with photos that were done and whose sidecars were kept long enough, so that nothing is computed but the page. Each is
a hard link to the demo photo under a name of its own, so each gets a small picture of its own. Then a browser opens the page and
scrolls to the end of the wall.

Needs what Scripts/test-page needs (`make page-packages`).
"""

import argparse
import hashlib
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from processes import resident_mib

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = ["looks-at-animal"] * 30 + ["looks-partly", "looks-elsewhere", "undecided"]


def start(arguments, folder):
    """The daemon, once it serves the page, and the page's address."""
    log = folder / "log"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            [arguments.bin, "serve", "--inbox", folder / "inbox", "--state", folder / "state", "--socket", folder / "socket",
             "--models", arguments.models, "--web", "127.0.0.1:0"], stdout=file, stderr=file)
    while not (found := re.search(r"address=(http://[^ ]*/)", log.read_text())):
        if process.poll() is not None:
            raise SystemExit(log.read_text())
        time.sleep(0.1)
    return process, found[1]


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def fill(folder, count):
    """Photos that are done, a day's worth every thousand."""
    shutil.copy(ROOT / "Documentation/demo/cat.jpg", folder / "first.jpg")
    chance = random.Random(1)
    rows = []
    for number in range(count):
        path = folder / "inbox" / f"{number // 1000:02}" / f"IMG_{number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        os.link(folder / "first.jpg", path)
        verdict = chance.choice(VERDICTS)
        now = int(time.time() * 1000) - (count - number) * 86_400
        rows.append((str(path).encode(), now, hashlib.sha256(str(number).encode()).hexdigest(), chance.choice(["cat", "dog", "bird"]),
                     chance.uniform(0.6, 1), verdict, verdict != "looks-at-animal"))
    # When all links are made, since each moves the time of change.
    status = os.stat(folder / "first.jpg")
    [catalog] = (folder / "state").glob("catalog-*.sqlite")
    with sqlite3.connect(catalog) as database:
        database.executemany(
            "INSERT INTO photo (path, device, inode, size, modified, changed, state, attempts, queuedAt, startedAt, finishedAt,"
            " sha256, model, label, probability, boxCount, verdict, margin, doubtful, expired)"
            " VALUES (?, ?, ?, ?, ?, ?, 'done', 1, ?, ?, ?, ?, 'petshop', ?, ?, 1, ?, 0.5, ?, 1)",
            [(path, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns, now, now, now, *rest)
             for path, now, *rest in rows])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--bin", type=Path, default=ROOT / ".build/release/interpretd")
    parser.add_argument("--pictures", type=int, help="of so many photos at the end; of all where left out")
    parser.add_argument("--models", type=Path, default=ROOT / "Models")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="page-"))
    (folder / "inbox").mkdir()
    stop(start(arguments, folder)[0])
    fill(folder, arguments.count)
    process, address = start(arguments, folder)
    options = Options()
    options.binary_location = shutil.which("chromium")
    for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1360,900"]:
        options.add_argument(flag)
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    try:
        time.sleep(5)
        before = resident_mib(process.pid)
        begin = time.monotonic()
        driver.get(address)
        while len(driver.find_elements("css selector", "#wall .card")) < 20:
            time.sleep(0.02)
        cards = time.monotonic() - begin
        paint = driver.execute_script(
            "return performance.getEntriesByType('paint').find((e) => e.name === 'first-contentful-paint')?.startTime")
        print(f"first paint after {paint:.0f} ms, the first photos after {cards * 1000:.0f} ms")
        print(driver.execute_script("return document.getElementById('headline').textContent"))
        driver.execute_script("""
            window.frames_ = [];
            new PerformanceObserver((list) => window.frames_.push(...list.getEntries().map((frame) => {
              const end = frame.startTime + frame.duration, layout = frame.styleAndLayoutStart || end;
              return [frame.duration, frame.scripts.reduce((sum, script) => sum + script.duration, 0), end - layout];
            }))).observe({ type: 'long-animation-frame' });""")
        peak, begin, shown, longest = before, time.monotonic(), 0, 0
        while shown < arguments.count and time.monotonic() - begin < 900:
            step = time.monotonic()
            shown = driver.execute_script(
                "scrollTo(0, document.body.scrollHeight); return document.querySelectorAll('#wall .card').length")
            longest = max(longest, time.monotonic() - step)
            peak = max(peak, resident_mib(process.pid))
            time.sleep(0.05)
        print(f"{shown} photos after {time.monotonic() - begin:.1f} s of scrolling; the longest step took {longest * 1000:.0f} ms")
        frames = driver.execute_script("return window.frames_")
        if frames:
            whole, scripts, layout = max(frames)
            print(f"the longest frame took {whole:.0f} ms: {scripts:.0f} ms of scripts, {layout:.0f} ms of layout and painting")
        # One picture for every photo, whether it was in sight or not.
        begin = time.monotonic()
        driver.set_script_timeout(1800)
        driver.execute_async_script("""
            const [count, done] = arguments;
            const addresses = [...document.querySelectorAll('#wall .card img')].map((image) => image.src).slice(-count);
            const next = async () => { while (addresses.length) await (await fetch(addresses.pop())).blob(); };
            Promise.all(Array.from({ length: 6 }, next)).then(done);""", arguments.pictures or arguments.count)
        print(f"{arguments.pictures or arguments.count} small pictures were made and sent after {time.monotonic() - begin:.1f} s")
        peak = max(peak, resident_mib(process.pid))
        print(f"the daemon's memory: {before:.0f} MiB before, {peak:.0f} MiB at most: {peak - before:+.0f} MiB")
    finally:
        driver.quit()
        stop(process)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
