"""What a person sees. Each view has a text form and a static HTML form with the same content."""
