import { preferences } from "../preferences.svelte";

/** The columns of the files that people import, as the report of their problems names them. */
const vi: Record<string, string> = {
  code: "Mã",
  name: "Tên",
  unit: "Mã đơn vị",
  unit_name: "Tên đơn vị",
  unit_kind: "Cấp đơn vị",
  parent_unit: "Đơn vị cấp trên",
  uplink_kbps: "Đường truyền lên cấp trên",
  seats: "Số chỗ ngồi",
  contact: "Liên hệ",
  address: "Địa chỉ",
  equipment: "Thiết bị",
  operator: "Người vận hành",
  operator_phone: "Điện thoại",
  operator_email: "Thư điện tử",
  operator_2: "Người vận hành 2",
  operator_2_phone: "Điện thoại 2",
  operator_2_email: "Thư điện tử 2",
  operator_3: "Người vận hành 3",
  operator_3_phone: "Điện thoại 3",
  operator_3_email: "Thư điện tử 3",
  line_provider: "Nhà mạng",
  line_up_kbps: "Băng thông lên",
  line_down_kbps: "Băng thông xuống",
  backup_provider: "Nhà mạng dự phòng",
  backup_up_kbps: "Băng thông lên dự phòng",
  backup_down_kbps: "Băng thông xuống dự phòng",
  point: "Mã điểm cầu",
  position: "Chức vụ",
  organisation: "Đơn vị công tác",
};

/** A column of an imported file in the language of the page; a header that is no column of ours stays as it is. */
export function columnName(column: string): string {
  return preferences.language === "en" ? column.replaceAll("_", " ") : (vi[column] ?? column);
}
