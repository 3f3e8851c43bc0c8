"""When pictures are made: rarely enough, and the last one always."""

import time

from d2l.plot.live import MAX_SHARE_OF_TIME, MIN_SECONDS_BETWEEN_PICTURES, RateLimiter


def test_the_first_picture_is_due_soon_and_the_next_after_a_tenth_of_a_second():
    limiter = RateLimiter()
    assert not limiter.is_due()
    time.sleep(MIN_SECONDS_BETWEEN_PICTURES)
    assert limiter.is_due()
    limiter.record(0.001)
    assert not limiter.is_due()
    time.sleep(MIN_SECONDS_BETWEEN_PICTURES)
    assert limiter.is_due()


def test_slow_pictures_come_so_rarely_that_they_take_a_tenth_of_the_time():
    limiter = RateLimiter()
    limiter.record(0.05)
    time.sleep(0.2)
    assert not limiter.is_due()
    time.sleep(0.05 / MAX_SHARE_OF_TIME - 0.2)
    assert limiter.is_due()
