"""Takes messages to the world: webhooks, mail, the log. Each handler needs only the extra that it names."""
