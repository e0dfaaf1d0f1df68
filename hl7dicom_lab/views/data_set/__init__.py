"""A DICOM file or data set in the explorer, and two of them compared."""
