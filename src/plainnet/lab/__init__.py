"""The lab: a page on the own machine in which a network can be watched while it learns.

Read `experiment.py` first: what is trained, by the library's own `train`. `worker.py` trains it in
a thread, `frames.py` computes what pages show, `app.py` answers them, `guard.py` keeps others out.
"""
