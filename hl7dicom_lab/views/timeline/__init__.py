"""What went over the wire, as a sequence diagram that follows the traffic."""
