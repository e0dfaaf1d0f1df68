"""Why a worklist query finds what it finds."""
