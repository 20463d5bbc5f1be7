"""Pages that a browser can call: what their code does before it asks for a login."""
