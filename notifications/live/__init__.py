"""What concerns a person, told live on their open pages.

Whatever changes something for people says so on their channels of Redis, or on that of a line: that
it changed, not what (`notifications.telling`). Each server process hears the channels of those who
are connected to it, reads what is new for all of them at once (`reading`) and hands it to their
websockets (`people`). So nothing private passes through Redis, what was missed is made good by the
next look, and somebody who is not connected costs one short message.
"""
