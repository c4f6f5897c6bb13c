"""Does what time brings: fires timers, brings up schedules, delivers messages; any number of workers on one store."""
