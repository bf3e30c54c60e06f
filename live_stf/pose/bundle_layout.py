"""What lies in a MediaPipe `.task` bundle for poses, for those who write one and those who read one."""

from __future__ import annotations

DETECTOR_NAME = "pose_detector.tflite"
LANDMARKS_NAME = "pose_landmarks_detector.tflite"

# What the landmark model gives, in the order of its output tensors: 39 landmarks in image coordinates (33 of the body
# and 6 auxiliary), whether a pose is there, a segmentation mask, landmark heat maps, 39 landmarks in metres.
LANDMARK_OUTPUTS = ("landmarks", "pose_flag", "segmentation", "heatmap", "world_landmarks")
