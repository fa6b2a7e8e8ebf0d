"""The express lane: `POST /api/v1/bookings` without Django's request cycle.

```
door     takes what it fully understands, and hands everything else to Django's door
reading  what makes a request plain enough for the lane
queues   what waits, and the batches that are made of it
desk     one batch in a lasting thread: tokens, then the booking service
answers  what goes back over the wire
```
Who is refused for the form of a request is refused by Django's door, in its words: there is one
place for each rule. What both doors answer is held together by tests that ask both.
"""
