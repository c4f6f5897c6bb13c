"""The command line of dutyflow: reads rulebooks, asks the library, and tells people what it found."""
