"""Bodies: what makes sums of the words of a pass: event, dense, parallel, depthwise, max."""
