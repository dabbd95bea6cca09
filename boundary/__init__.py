"""Did reinforcement learning move the boundary of what a checkpoint can solve?"""

__version__ = "0.1.0"
