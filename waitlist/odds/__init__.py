"""How likely it is that a place in the line becomes a seat, and how long that takes.

Seats come back when bookings are cancelled, and again when an offer is declined or lapses. The
model has four parts, each estimated from what happened:

1. *Hazard.* A booking is cancelled at a rate that depends on the time left before the event:
   piecewise constant, `cancellations / booking-days at risk` in each stretch of `records.EDGES`,
   pooled over similar past events and a house prior worth `HOUSE_BOOKING_DAYS`. (Piecewise
   exponential survival model.)
2. *Temper.* An event has more or fewer cancellations than its like by a factor that is
   Gamma(a, a)-distributed among past events; a is the inverse of their overdispersion, by the
   method of moments. With D cancellations seen in this event where E were expected, the factor is
   Gamma(a + D, a + E), so that in a time for which R are expected the number N is negative
   binomial: P(N >= n) = I(R / (a + E + R); n, a + D), the regularised incomplete beta function.
   (Gelman et al., Bayesian Data Analysis, 3rd edition, section 2.6: Poisson model, Gamma prior.)
   Before an event has any data, D = E = 0 and past events alone speak.
3. *Passing on.* A freed seat is offered 1 / (1 - q) times, where q is the share of offers that
   were declined or lapsed (a Beta posterior mean).
4. *Groups.* A share s of the cancellations frees at least as many seats as the fewest that the
   person takes. Those ahead will take A seats (who takes a part: what a cancellation frees on
   average, m), so n = 1 + A (1 - q) s / m are needed of s R that are expected. Because groups
   differ and offers come back, seats come in clumps: of variance d = (1 + q) E[size^2] / m^2 times
   that of single ones. Clumps are counted instead, n' = 1 + (n - 1) / d of s R n' / n. Larger
   groups miss what is too small for them: the best way of being served by at most 1, 2, ... seats
   at once, with only those as rivals whom these would do, is the one that counts.

The chance is P(N >= n) until the sale ends; its range is that of the Poisson chance between the
10th and the 90th percentile of the factor. The wait is the time by which half of that chance has
come true, its range that between a tenth and nine tenths of it: "if it comes, then within".

Not in the model: people who leave the line before their turn, and seats that are added. Both make
true chances a little better than told. `manage.py backtest_waitlist` shows how good it is.
"""

from waitlist.odds.asking import (
    Prospect,
    outlook_of,
    prospect_of_joining,
    prospects_of,
    tier_of,
)
from waitlist.odds.model import Interval, Odds, Outlook

__all__ = [
    "Interval",
    "Odds",
    "Outlook",
    "Prospect",
    "outlook_of",
    "prospect_of_joining",
    "prospects_of",
    "tier_of",
]
