"""Whether everything is right on a GPU, and how fast it is: `python -m benchmarks.gpu_check`.

It needs no network and takes at most eight minutes on one GPU: a part that the time left is too short for is skipped,
and one that fails is a line with its error; the others go on. Everything is the project's own code on the demo's data;
backbones of the paper have random weights, as time and number format do not depend on them. Without a GPU the same
parts run on the CPU in little, which says that they run and nothing else. `--out` keeps every number as JSON.
"""
