"""An HL7 message in the explorer, and two of them compared."""
