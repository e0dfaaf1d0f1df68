"""HL7 version 2: framing, messages, acknowledgments. No sockets here."""
