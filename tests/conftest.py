"""Settings for all tests: property tests have no deadline, because a busy machine is not a broken rule."""

from hypothesis import settings

settings.register_profile("dutyflow", deadline=None, print_blob=True)
settings.load_profile("dutyflow")
