"""The proof of no overselling: a crowd of real processes against one scratch event.

```
command ▸ proving   makes the scratch rows (scratch), lets the crowd in, recounts, judges
          crowd     starts the processes together and gathers what they saw
          rush      what one process does: its buyers book (and cancel) through a door
          doors     the ways in: the service, or HTTP to a running server
          plan      plain values that travel between the processes
          report    what is said on the terminal
```
`plan` and `crowd` import nothing of Django's models: a new process reads them before it is set up.
"""
