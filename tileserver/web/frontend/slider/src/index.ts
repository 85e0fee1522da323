export { TimeSlider } from "./time_slider";
