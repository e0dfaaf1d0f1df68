"""Where each value of an examination comes from, and what becomes of it: order, worklist, images, report."""
